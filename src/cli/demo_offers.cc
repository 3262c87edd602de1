// What the houses offer, and the plumbing behind it: products, transformations, message patterns, use cases, templates.
#include <fmt/format.h>

#include "cli/demo_words.h"

namespace rowpage {
namespace {

using Texts = std::string_view;

struct Offer {
  Texts name, type, category;
};
constexpr std::array<Offer, 12> offers = {{
    {"Breathing by the lake 🌬️", "Workshop", "Wellness"},
    {"Watercolour from zero", "Course", "Art"},
    {"Three days of silence", "Retreat", "Wellness"},
    {"One honest hour", "Consultation", "Consulting"},
    {"Harbour at dusk, 60 × 80 cm", "Art Piece", "Art"},
    {"Notebook \"Plain & Dotted\"", "Physical Product", "Physical"},
    {"Sound of tide (album) 🎧", "Digital Product", "Digital"},
    {"Friends of the house", "Membership", "Education"},
    {"Pottery, left and right hand", "Workshop", "Art"},
    {"قهوة وحوار – coffee & talk", "Service", "Consulting"},
    {"Winter package: sauna + tea", "Package", "Wellness"},
    {"Ink / paper / patience", "Course", "Education"},
}};
constexpr std::array<Texts, 5> product_statuses = {"Active", "Active", "Coming Soon", "Seasonal", "Out of Stock"};
constexpr std::array<Texts, 5> product_tags = {"Featured", "Bestseller", "New", "Sale", "Limited Edition"};
constexpr std::array<Texts, 5> systems = {"WooCommerce", "Amelia", "Acuity", "Shopify", "Manual"};

constexpr std::array<Texts, 6> sources = {"Notion", "HubSpot", "Typeform", "Airtable", "WooCommerce", "Website"};
constexpr std::array<Texts, 6> targets = {"Email", "Notion", "HubSpot", "Circle", "Airtable", "Custom"};
constexpr std::array<Texts, 4> formats = {"JSON", "CSV", "XML", "Plain Text"};
constexpr std::array<Texts, 4> stages = {"Active", "In Development", "Testing", "Archived"};
constexpr std::array<Texts, 4> rule_tags = {"Core", "CRM", "Booking", "Analytics"};

constexpr std::array<Texts, 5> subjects = {"New lead", "Paid invoice", "Free place", "Lost parcel", "Finished minutes"};
constexpr std::array<Texts, 5> protocols = {"HTTP", "Message Queue", "WebSocket", "Webhook", "Database Event"};
constexpr std::array<Texts, 3> permissions = {"Read", "Write", "Execute"};
constexpr std::array<Texts, 3> pattern_tags = {"Business Logic", "Data Sync", "Notification"};

constexpr std::array<Texts, 6> scenarios = {
    "A guest books by voice message 🎙️", "The gallery sells a picture abroad",   "A trainer falls ill at seven",
    "Somebody asks for their data",      "The newsletter reaches 10 000 people", "A company books the whole house"};
constexpr std::array<Texts, 5> use_statuses = {"Planned", "In Progress", "Implemented", "Live", "On Hold"};
constexpr std::array<Texts, 5> priorities = {"Critical", "High", "Medium", "Low", "Nice to Have"};
constexpr std::array<Texts, 4> complexities = {"Simple", "Moderate", "Complex", "Very Complex"};
constexpr std::array<Texts, 4> efforts = {"Small (1-3 days)", "Medium (1-2 weeks)", "Large (2-4 weeks)",
                                          "X-Large (1+ months)"};
constexpr std::array<Texts, 4> use_tags = {"Client Experience", "Revenue Generation", "Compliance", "Automation"};

constexpr std::array<Texts, 6> occasions = {"Booking Confirmation", "Booking Reminder", "Order Confirmation",
                                            "Payment Received",     "Survey Request",   "New Lead"};
constexpr std::array<Texts, 5> channels = {"Email", "SMS", "WhatsApp", "Slack", "In-App"};
constexpr std::array<Texts, 4> placeholders = {"{{first_name}}", "{{starts_at}}", "{{place}}", "{{price}}"};
constexpr std::array<Texts, 4> template_statuses = {"Active", "Active", "Draft", "Testing"};
constexpr std::array<Texts, 4> template_tags = {"Transactional", "Reminder", "Welcome", "Follow-up"};

std::string offer_name(std::size_t number) {
  return fmt::format("{} ({})", offers[number % offers.size()].name, 2024 + number / offers.size() % 3);
}

void add_product(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  auto house = maker.one("BusinessEntity", side);
  const auto& offer = offers[number % offers.size()];
  auto& record = maker.add("ProductService", side);
  record.values = {
      {"Name", offer_name(number)},
      {"Product ID", fmt::format("PROD-{:04}", number + 1)},
      {"Type", offer.type},
      {"Description", number == 0 ? demo_minutes(dice, offer.name, 2600)  // beyond one piece of Notion's text
                                  : demo_praise(dice, offer.name)},
      {"Price", 4.95 + static_cast<double>(5 * dice.between(1, 160))},
      {"Currency", number % 2 == 0 ? "EUR" : "USD"},
      {"Status", maker.pick(product_statuses)},
      {"Integration System", maker.pick(systems)},
      {"Categories", json::array{offer.category}},
      {"Tags", maker.picks(product_tags, 2)},
      {"Featured", dice.chance(20)}};
  auto& values = record.values;
  if (dice.chance(40)) values["Inventory Count"] = dice.between(0, 60);
  if (dice.chance(60)) values["Duration Minutes"] = 15 * dice.between(2, 24);
  if (dice.chance(50))
    values["Booking Link"] = fmt::format("https://book.example.org/o/{}?from=catalogue&n=1", number + 1);
  if (number % 4 == 1)
    values["Images"] = json::array{fmt::format("https://files.example.org/offers/{}.jpg", number + 1)};
  if (dice.chance(30)) {
    values["Custom Fields"] =
        json::object{{"height_cm", 60.5}, {"framed", dice.chance(50)}, {"notes", "→ see shelf 4"}};
  }
  maker.link(record, "Business Entity", std::move(house));
}

void add_transformation(DemoMaker& maker, std::size_t number, Side side) {
  auto houses = maker.some("BusinessEntity", side, 2), agents = maker.some("Agent", side, 2),
       workflows = maker.some("Workflow", side, 3);
  const auto from = sources[number % sources.size()], to = targets[number / sources.size() % targets.size()];
  auto& record = maker.add("DataTransformation", side);
  record.values = {
      {"Transformation Name", fmt::format("{} → {} ({})", from, to, number + 1)},
      {"Transformation ID", fmt::format("TRANSFORM-{:04}", number + 1)},
      {"Description", fmt::format("Takes what {} sends, drops what nobody reads, hands the rest to {}.", from, to)},
      {"Source Format", maker.pick(formats)},
      {"Target Format", maker.pick(formats)},
      {"Transformation Logic",
       "name := trim(first + \" \" + last); email := lower(email); if consent then keep else drop"},
      {"Sample Input", json::object{{"first", "Noa"}, {"last", "ليلى"}, {"consent", true}}},
      {"Sample Output", json::object{{"name", "Noa ليلى"}, {"tags", json::array{"new", "50 %"}}}},
      {"Source System", from},
      {"Target System", to},
      {"Status", maker.pick(stages)},
      {"Version", fmt::format("0.{}", number % 12)},
      {"Tags", maker.picks(rule_tags, 2)}};
  if (side == Side::notion && number % 3 == 0) record.values["Owner"] = 0;
  maker.link(record, "Business Entities", std::move(houses));
  maker.link(record, "Agents Using", std::move(agents));
  maker.link(record, "Used By Workflows", std::move(workflows));
}

void add_pattern(DemoMaker& maker, std::size_t number, Side side) {
  auto between = maker.some("Agent", side, 2);
  auto workflows = maker.some("Workflow", side, maker.dice.below(4));
  auto& record = maker.add("AgentCommunication", side);
  record.values = {
      {"Pattern Name", fmt::format("{} ⇄ {}", subjects[number % subjects.size()], number + 1)},
      {"Description", "The first agent tells, the second confirms; without a word for two minutes it is told again."},
      {"Message Format", "{ \"about\": id, \"what\": text, \"until\": time }"},
      {"Communication Protocol", maker.pick(protocols)},
      {"Sample Payload", json::object{{"about", number}, {"what", subjects[number % subjects.size()]}}},
      {"Version", "2"},
      {"Status", maker.pick(stages)},
      {"Timeout Settings", 120},
      {"Required Permissions", maker.picks(permissions, 2)},
      {"Tags", maker.picks(pattern_tags, 2)}};
  maker.link(record, "Source Agent", {between.front()});
  maker.link(record, "Target Agent", {between.back()});
  maker.link(record, "Active Workflows Using", std::move(workflows));
}

void add_use_case(DemoMaker& maker, std::size_t number, Side side) {
  auto houses = maker.some("BusinessEntity", side, 1 + maker.dice.below(3)),
       workflows = maker.some("Workflow", side, 2), needs = maker.some("ApiIntegration", side, 2);
  auto& record = maker.add("UseCase", side);
  record.values = {
      {"Use Case Title", fmt::format("{} – case {}", scenarios[number % scenarios.size()], number + 1)},
      {"Use Case ID", fmt::format("UC-{:04}", number + 1)},
      {"Description", number == 1 ? demo_minutes(maker.dice, "the voice message", 4600)  // three pieces of text
                                  : "Who does what, in which order, and what must not happen."},
      {"Business Value", fmt::format("Saves about {} hours a month.", 2 + number % 9)},
      {"Implementation Status", maker.pick(use_statuses)},
      {"User Stories", "As a guest I say when I would like to come → so that nobody has to type."},
      {"Acceptance Criteria", "• within 2 minutes\n• in the language of the message\n• \"no\" is an answer, too"},
      {"Priority", maker.pick(priorities)},
      {"Complexity", maker.pick(complexities)},
      {"Estimated Effort", maker.pick(efforts)},
      {"Target Implementation Date", DemoMaker::on(DemoMaker::day(90 + static_cast<int>(number)))},
      {"Tags", maker.picks(use_tags, 2)}};
  if (side == Side::notion) record.values["Stakeholders"] = 0;
  maker.link(record, "Business Entities", std::move(houses));
  maker.link(record, "Related Workflows", std::move(workflows));
  maker.link(record, "Required Integrations", std::move(needs));
}

void add_template(DemoMaker& maker, std::size_t number, Side side) {
  auto houses = maker.some("BusinessEntity", side, 1 + maker.dice.below(2)),
       workflows = maker.some("Workflow", side, maker.dice.below(3));
  const auto occasion = occasions[number % occasions.size()];
  auto& record = maker.add("NotificationTemplate", side);
  record.values = {{"Template Name", fmt::format("{} · {}", occasion, channels[number % channels.size()])},
                   {"Template ID", fmt::format("NOTIF-{:04}", number + 1)},
                   {"Description", fmt::format("Sent once per {}, never at night.", occasion)},
                   {"Channel", channels[number % channels.size()]},
                   {"Content Template",
                    "Dear {{first_name}},\n\nwe look forward to {{starts_at}} → {{place}}.\n\nYours, the house 🌿"},
                   {"Subject Template", "{{first_name}}, see you on {{starts_at}}"},
                   {"Supported Placeholders", maker.picks(placeholders, 3)},
                   {"Creator", number % 2 == 0 ? "Noa" : "Team Front Desk"},
                   {"Trigger Event", occasion},
                   {"Status", maker.pick(template_statuses)},
                   {"Version", fmt::format("{}", 1 + number % 5)},
                   {"Tags", maker.picks(template_tags, 2)}};
  if (number % 4 == 0) record.values["Sample Rendered Output"] = demo_right_to_left(number / 4);
  maker.link(record, "Business Entities", std::move(houses));
  maker.link(record, "Related Workflows", std::move(workflows));
}

}  // namespace

void make_demo_offers(DemoMaker& maker) {
  demo_on_both_sides(maker, {.pages = 110, .rows = 30, .least = 8}, add_product);
}

void make_demo_plumbing(DemoMaker& maker) {
  demo_on_both_sides(maker, {.pages = 26, .rows = 4, .least = 3}, add_transformation);
  demo_on_both_sides(maker, {.pages = 28, .rows = 3, .least = 3}, add_pattern);
  demo_on_both_sides(maker, {.pages = 30, .rows = 2, .least = 3}, add_use_case);
  demo_on_both_sides(maker, {.pages = 40, .rows = 6, .least = 4}, add_template);
}

}  // namespace rowpage
