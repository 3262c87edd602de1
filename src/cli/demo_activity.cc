// What happens in the houses: running workflows, campaigns, feedback, and the tasks that come of it.
#include <fmt/format.h>

#include "cli/demo_words.h"

namespace rowpage {
namespace {

using Texts = std::string_view;

constexpr std::array<Texts, 5> instance_statuses = {"Active", "Completed", "Completed", "On Hold", "Cancelled"};
constexpr std::array<Texts, 4> urgencies = {"Low", "Medium", "High", "Urgent"};
constexpr std::array<Texts, 5> instance_tags = {"Q1/Q2", "50% off", "R&D", "C++", "weekend → weekday"};
constexpr std::array<Texts, 4> steps = {"received", "checked", "waiting for the guest", "done"};
constexpr std::array<Texts, 4> origins = {"Website", "Typeform", "WooCommerce", "Manual"};
constexpr std::array<Texts, 3> validations = {"Validated", "Pending Validation", "Validation Failed"};

constexpr std::array<Texts, 6> campaign_names = {"Spring begins indoors 🌱", "Ten evenings, ten voices",
                                                 "Paint it yourself",        "Quiet December 🕯️",
                                                 "Bring your mother",        "رمضان كريم"};
constexpr std::array<Texts, 5> campaign_statuses = {"Draft", "Planning", "Active", "Completed", "Paused"};
constexpr std::array<Texts, 5> campaign_types = {"Email", "Social Media", "Event", "Content", "Partnership"};
constexpr std::array<Texts, 5> media = {"Email", "Instagram", "LinkedIn", "Blog", "In-person"};
constexpr std::array<Texts, 4> audiences = {"All Clients", "Leads", "Community Members", "VIP"};

constexpr std::array<Texts, 5> feedback_statuses = {"New", "In Review", "Responded", "Resolved", "Archived"};
constexpr std::array<Texts, 4> feedback_sources = {"Typeform", "Email", "In-person", "Review Site"};
constexpr std::array<Texts, 5> feedback_tags = {"Customer Service", "Pricing", "Website", "Facilities", "Experience"};

constexpr std::array<Texts, 8> task_verbs = {"Call",      "Write to", "Prepare", "Photograph",
                                             "Translate", "Check",    "Order",   "Clean"};
constexpr std::array<Texts, 7> task_objects = {"the waiting list",     "the small hall",  "the caterer 🍲",
                                               "the spring programme", "the photographs", "room № 4",
                                               "the press folder"};
constexpr std::array<Texts, 5> task_statuses = {"To Do", "In Progress", "On Hold", "Done", "Done"};
constexpr std::array<Texts, 5> task_tags = {"Client-facing", "Internal", "Creative", "Financial", "Follow-up"};
constexpr std::array<Texts, 4> task_sources = {"Manual", "Workflow", "Agent", "System"};

void add_instance(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  auto workflow = maker.one("Workflow", side), house = maker.one("BusinessEntity", side),
       contact = maker.one("ContactProfile", side), agent = maker.one("Agent", side);
  auto product = dice.chance(60) ? maker.one("ProductService", side) : std::vector<std::size_t>();
  const auto guest = demo_name(number * 5 + 2);
  const int begins = dice.between(0, 170);
  auto& record = maker.add("WorkflowInstance", side);
  record.values = {
      {"Instance Name", fmt::format("{} {} → {}", guest.first, guest.last, steps[number % steps.size()])},
      {"Instance ID", fmt::format("INST-{:05}", number + 1)},
      {"Status", maker.pick(instance_statuses)},
      {"Start Date", DemoMaker::on(maker.moment(begins))},
      {"Current Step", steps[number % steps.size()]},
      {"Data Payload", json::object{{"guests", dice.between(1, 12)}, {"paid", dice.chance(60)}, {"note", "ü → ✓"}}},
      {"Client/Lead Name", fmt::format("{} {}", guest.first, guest.last)},
      {"Client/Lead Email", fmt::format("{}@example.org", guest.ascii)},
      {"Priority", maker.pick(urgencies)},
      {"Source System", maker.pick(origins)},
      {"Testing Mode", dice.chance(5)},
      {"Validation Status", maker.pick(validations)}};
  auto& values = record.values;
  if (dice.chance(60)) values["End Date"] = DemoMaker::on(maker.moment(begins + dice.between(1, 14)));
  if (dice.chance(30)) values["Tags"] = maker.picks(instance_tags, 2);
  if (dice.chance(10)) values["Error Message"] = "HTTP 504 from the calendar → tried again → HTTP 200";
  if (dice.chance(25)) values["Client/Lead Phone"] = fmt::format("+49 30 {:06}", number * 37 % 1'000'000);
  if (side == Side::supabase) {
    values["Audit Trail"] = fmt::format("{} received\n{} checked", DemoMaker::day(begins), DemoMaker::day(begins + 1));
    values["Step History"] = json::array{json::object{{"step", "received"}, {"at", DemoMaker::day(begins)}}};
  }
  maker.link(record, "Workflow", std::move(workflow));
  maker.link(record, "Business Entity", std::move(house));
  maker.link(record, "Contact", std::move(contact));
  maker.link(record, "Assigned Agent", std::move(agent));
  maker.link(record, "Product/Service", std::move(product));
}

// A running workflow drives at most one campaign, so each campaign takes the next.
void add_campaign(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  auto house = maker.one("BusinessEntity", side);
  auto products = maker.some("ProductService", side, 1 + dice.below(5)),
       templates = maker.some("NotificationTemplate", side, 1 + dice.below(3));
  const auto instances = maker.data().of("WorkflowInstance", side);
  const std::size_t nth = maker.data().count("MarketingCampaign", side);
  const int begins = dice.between(10, 200);
  auto& record = maker.add("MarketingCampaign", side);
  record.values = {
      {"Campaign Name",
       fmt::format("{} {}", campaign_names[number % campaign_names.size()], 2024 + number / campaign_names.size())},
      {"Campaign ID", fmt::format("CAMP-{:04}", number + 1)},
      {"Description",
       number == 2 ? demo_minutes(dice, "the campaign", 4200) : "One idea, three weeks, no exclamation marks."},
      {"Status", maker.pick(campaign_statuses)},
      {"Campaign Type", maker.pick(campaign_types)},
      // The column holds one time: of a range in Notion the row shows the beginning, and the page keeps its end.
      {"Start Date", side == Side::notion && number % 2 == 0
                         ? DemoMaker::span(DemoMaker::day(begins), DemoMaker::day(begins + 4))
                         : DemoMaker::on(DemoMaker::day(begins))},
      {"End Date", DemoMaker::on(DemoMaker::day(begins + 21))},
      {"Target Audience", maker.picks(audiences, 2)},
      {"Channels", maker.picks(media, 3)},
      {"Content Pieces", json::array{json::object{{"title", "Teaser"}, {"words", 180}}}},
      {"Performance Metrics", json::object{{"open_rate", 0.42}, {"clicks", 10 * number}}},
      {"Budget", 250.0 * dice.between(1, 40)},
      {"Actual Spend", 12.34 * dice.between(1, 300)},
      {"Leads Generated", dice.between(0, 90)},
      {"Conversions", dice.between(0, 30)},
      {"Goals", "More people who come twice."},
      {"URL Parameters", fmt::format("utm_source=house&utm_campaign=c{}&x=a%20b", number + 1)}};
  if (side == Side::notion && number % 2 == 1) record.values["Owner"] = 0;
  maker.link(record, "Business Entity", std::move(house));
  maker.link(record, "Related Products", std::move(products));
  maker.link(record, "Related Notification Templates", std::move(templates));
  if (nth < instances.size()) maker.link(record, "Workflow Instance", {instances[nth]});
}

void add_feedback(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  auto house = maker.one("BusinessEntity", side), contact = maker.one("ContactProfile", side),
       product = maker.one("ProductService", side);
  auto instance = dice.chance(40) ? maker.one("WorkflowInstance", side) : std::vector<std::size_t>();
  auto campaign = dice.chance(20) ? maker.one("MarketingCampaign", side) : std::vector<std::size_t>();
  const std::string subject(maker.record(product.front()).title());
  const int rating = dice.between(1, 5);
  const bool glad = rating >= 4;
  auto& record = maker.add("FeedbackSurvey", side);
  record.values = {
      {"Title",
       fmt::format("{} {}", std::string_view("★★★★★").substr(0, static_cast<std::size_t>(rating) * 3), subject)},
      {"Feedback ID", fmt::format("FDBK-{:05}", number + 1)},
      {"Description", fmt::format("After {}", subject)},
      {"Status", maker.pick(feedback_statuses)},
      {"Feedback Type", glad          ? "Praise"
                        : rating == 3 ? "Suggestion"
                                      : "Complaint"},
      {"Source", maker.pick(feedback_sources)},
      {"Date Received", DemoMaker::on(maker.moment(dice.between(0, 180)))},
      {"Feedback Content", number % 17 == 5 ? demo_right_to_left(number / 17)
                           : glad           ? demo_praise(dice, subject)
                                            : demo_complaint(dice, subject)},
      {"Rating", rating},
      {"Sentiment", glad          ? "Positive"
                    : rating == 3 ? "Mixed"
                                  : "Negative"},
      {"Response Required", rating <= 2},
      {"Tags", maker.picks(feedback_tags, 2)},
      {"Response Count", dice.between(0, 3)},
      {"Average Rating", 0.25 * dice.between(4, 20)},
      {"Survey Data", json::object{{"q1", rating}, {"q2", glad ? "yes" : "no"}, {"q3", json::array{1, 2.5, nullptr}}}}};
  if (rating <= 2 && dice.chance(60)) record.values["Response"] = "We are sorry. → Your next visit is on us.";
  maker.link(record, "Business Entity", std::move(house));
  maker.link(record, "Contact", std::move(contact));
  maker.link(record, "Related Product/Service", std::move(product));
  maker.link(record, "Related Workflow Instance", std::move(instance));
  maker.link(record, "Marketing Campaign", std::move(campaign));
}

// Every fourth task is a parent of the three that follow it; later ones may wait for earlier ones.
void add_task(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  const auto earlier = maker.data().of("Task", side);
  const std::size_t nth = earlier.size();
  auto house = maker.one("BusinessEntity", side);
  auto waits_for = dice.chance(40) ? maker.some("Task", side, 1 + dice.below(3)) : std::vector<std::size_t>();
  auto instance = dice.chance(55) ? maker.one("WorkflowInstance", side) : std::vector<std::size_t>();
  auto feedback = dice.chance(25) ? maker.one("FeedbackSurvey", side) : std::vector<std::size_t>();
  const int created = dice.between(0, 160);
  const std::string status = maker.pick(task_statuses);
  auto& record = maker.add("Task", side);
  record.values = {{"Task Name", fmt::format("{} {}", task_verbs[number % task_verbs.size()],
                                             task_objects[number % task_objects.size()])},
                   {"Task ID", fmt::format("TASK-{:05}", number + 1)},
                   {"Status", status},
                   {"Description", number == 3 ? demo_minutes(dice, "the big clean-up", 2300) : demo_note(dice)},
                   {"Priority", maker.pick(urgencies)},
                   {"Assigned To", demo_name(number % 11).first},
                   {"Created Date", DemoMaker::on(maker.moment(created))},
                   {"Tags", maker.picks(task_tags, 2)},
                   {"Estimated Time", 15 * dice.between(1, 16)},
                   {"Source", maker.pick(task_sources)}};
  auto& values = record.values;
  if (dice.chance(75)) values["Due Date"] = DemoMaker::on(DemoMaker::day(created + dice.between(3, 40)));
  if (status == "Done") values["Completed Date"] = DemoMaker::on(maker.moment(created + dice.between(1, 20)));
  if (status == "Done") values["Actual Time"] = 15 * dice.between(1, 20);
  if (number % 23 == 7) values["Notes"] = demo_right_to_left(number);
  maker.link(record, "Related Business Entity", std::move(house));
  maker.link(record, "Related Workflow Instance", std::move(instance));
  maker.link(record, "Source Feedback", std::move(feedback));
  maker.link(record, "Dependencies", std::move(waits_for));
  if (nth % 4 != 0) maker.link(record, "Parent Task", {earlier[nth - nth % 4]});
}

}  // namespace

void make_demo_activity(DemoMaker& maker) {
  demo_on_both_sides(maker, {.pages = 330, .rows = 60, .least = 8}, add_instance);
  demo_on_both_sides(maker, {.pages = 48, .rows = 4, .least = 4}, add_campaign);
  demo_on_both_sides(maker, {.pages = 220, .rows = 40, .least = 8}, add_feedback);
  demo_on_both_sides(maker, {.pages = 400, .rows = 44, .least = 12}, add_task);
}

}  // namespace rowpage
