// The people: contacts, community members, and what the community earns.
#include <fmt/format.h>

#include "cli/demo_words.h"

namespace rowpage {
namespace {

using Texts = std::string_view;

constexpr std::array<Texts, 6> contact_types = {"Lead", "Client", "Client", "Partner", "Vendor", "Staff"};
constexpr std::array<Texts, 5> contact_tags = {"VIP", "Needs Follow-up", "Potential Upsell", "New", "Returning"};
constexpr std::array<Texts, 6> lead_sources = {"Website", "Referral",      "Social Media",
                                               "Event",   "Advertisement", "Direct Contact"};
constexpr std::array<Texts, 5> lead_statuses = {"Active Lead", "Qualified Lead", "Active Client", "Former Client",
                                                "Do Not Contact"};
constexpr std::array<Texts, 6> companies = {"Hafen & Söhne GmbH", "Café Zeitlos",  "Studio 54½",
                                            "R&D <Labs>",         "École du Vent", "株式会社みどり"};
constexpr std::array<Texts, 6> jobs = {"Teacher", "Nurse", "Founder / CEO", "Illustrator", "Engineer (C++)", "Retired"};
constexpr std::array<Texts, 5> segments = {"50+", "Families & friends", "R&D", "Weekend only", "Wellness → Art"};

constexpr std::array<Texts, 6> levels = {"Standard", "Premium", "VIP", "Founding Member", "Trial", "Free"};
constexpr std::array<Texts, 4> member_statuses = {"Active", "Active", "Pending", "Expired"};
constexpr std::array<Texts, 6> interests = {"Art", "Wellness", "Consulting", "Spirituality", "Business", "Technology"};
constexpr std::array<Texts, 5> badges = {"Early Adopter", "Content Creator", "Event Participant", "Mentor",
                                         "Regular Contributor"};
constexpr std::array<Texts, 5> rooms = {"BetterMode", "Circle", "Discord", "Slack", "Other"};
constexpr std::array<Texts, 5> events = {"Full Moon Sound Bath 🌕", "Open Studio (May)", "Ink & Silence",
                                         "Founders’ Breakfast ☕", "ערב שירה"};

constexpr std::array<Texts, 6> reward_names = {
    "A tenth visit free",         "Bring a friend 👫",   "Early key to the spring programme",
    "Photograph of the month 📷", "Translator’s thanks", "Golden brush 🖌️"};
constexpr std::array<Texts, 6> reward_types = {"Loyalty Reward", "Community Bounty",     "Referral Bonus",
                                               "Discount",       "Free Product/Service", "Early Access"};
constexpr std::array<Texts, 5> reward_statuses = {"Active", "Seasonal", "Limited Time", "Available", "Completed"};
constexpr std::array<Texts, 4> audiences = {"All Clients", "VIP Clients", "Community Members", "Partners"};

void add_contact(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  const auto name = demo_name(number);
  const auto town = demo_town(number);
  auto house = dice.chance(92) ? maker.one("BusinessEntity", side) : std::vector<std::size_t>();
  auto& record = maker.add("ContactProfile", side);
  // A second person of one name is told apart by the number in the address.
  record.values = {
      {"Full Name", name.first + " " + name.last},
      {"First Name", name.first},
      {"Last Name", name.last},
      {"Contact ID", fmt::format("CTCT-{:05}", number + 1)},
      {"Email", fmt::format("{}+{}@example.org", name.ascii, number + 1)},
      {"Contact Type", maker.pick(contact_types)},
      {"Tags", maker.picks(contact_tags, 2)},
      {"Lead Source", maker.pick(lead_sources)},
      {"Status", maker.pick(lead_statuses)},
      {"Last Interaction", DemoMaker::on(maker.moment(dice.between(0, 180)))},
      {"Engagement Score", dice.between(0, 100)},
  };
  auto& values = record.values;
  if (dice.chance(70))
    values["Phone"] = fmt::format("{} {:03} {:04}", town.dialing, number % 1000, (number * 7919) % 10000);
  if (dice.chance(55)) values["Company"] = maker.pick(companies);
  if (dice.chance(60)) values["Job Title"] = maker.pick(jobs);
  if (dice.chance(85)) {
    values["Address"] = fmt::format("{} {}", town.street, 1 + number % 180);
    values["City"] = town.city;
    values["State/Province"] = town.state;
    values["Country"] = town.country;
    values["Postal Code"] = fmt::format("{:05}", 1000 + number * 13 % 90000);
  }
  if (number % 9 == 4) {
    values["Notes"] = demo_right_to_left(number / 9);
  } else if (dice.chance(45)) {
    values["Notes"] = demo_note(dice);
  }
  if (dice.chance(40)) values["Marketing Segments"] = maker.picks(segments, 2);
  if (dice.chance(50)) {
    values["Communication Preferences"] = json::object{
        {"email", dice.chance(80)}, {"phone", dice.chance(30)}, {"language", number % 4 == 0 ? "de" : "en"}};
  }
  if (dice.chance(30)) values["External IDs"] = json::object{{"hubspot", 50'000 + number}, {"old", nullptr}};
  if (dice.chance(30)) values["HubSpot Contact ID"] = std::to_string(50'000 + number);
  if (side == Side::supabase) {
    values["History Log"] = json::array{json::object{{"at", DemoMaker::day(10)}, {"what", "imported from the shop"}}};
  }
  maker.link(record, "Business Entity", std::move(house));
}

void add_member(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  auto house = maker.one("BusinessEntity", side), contact = maker.one("ContactProfile", side);
  const auto name = demo_name(number * 3 + 1);
  auto& record = maker.add("CommunityMember", side);
  record.values = {{"Member Name", fmt::format("{} {}", name.first, name.last)},
                   {"Member ID", fmt::format("MEMBER-{:04}", number + 1)},
                   {"Username", fmt::format("{}_{}", name.ascii, number + 1)},
                   {"Member Email", fmt::format("{}+m{}@example.org", name.ascii, number + 1)},
                   {"Membership Level", maker.pick(levels)},
                   {"Membership Status", maker.pick(member_statuses)},
                   {"Join Date", DemoMaker::on(DemoMaker::day(-dice.between(1, 900)))},
                   {"Last Active Date", DemoMaker::on(maker.moment(dice.between(0, 180)))},
                   {"Engagement Score", dice.between(0, 100)},
                   {"Interests", maker.picks(interests, 3)},
                   {"Badges", maker.picks(badges, 2)},
                   {"Primary Platform", maker.pick(rooms)},
                   {"Platform IDs", json::object{{"circle", 9000 + number}, {"discord", fmt::format("#{}", number)}}},
                   {"Events Attended", maker.picks(events, 3)}};
  if (dice.chance(30)) record.values["Notes"] = demo_note(dice);
  if (dice.chance(40)) record.values["Profile Link"] = fmt::format("https://community.example.org/@{}", number + 1);
  maker.link(record, "Contact Profile", std::move(contact));
  maker.link(record, "Business Entity", std::move(house));
}

void add_reward(DemoMaker& maker, std::size_t number, Side side) {
  auto& dice = maker.dice;
  // The first goes to sixty people at once: Notion shows 25 links of a property with the page and hands out the others
  // on demand.
  auto members = maker.some("CommunityMember", side, number == 0 ? 60 : 1 + dice.below(5));
  auto products = maker.some("ProductService", side, dice.below(4));
  auto campaigns = maker.some("MarketingCampaign", side, dice.below(3));
  auto house = maker.one("BusinessEntity", side);
  auto recipient = dice.chance(35) ? maker.one("ContactProfile", side) : std::vector<std::size_t>();
  auto& record = maker.add("RewardBounty", side);
  const int begins = dice.between(0, 120);
  record.values = {
      {"Reward Name", number == 0 ? std::string("Sixty years, sixty thanks 🎉")
                                  : fmt::format("{} #{}", reward_names[number % reward_names.size()], number)},
      {"Reward ID", fmt::format("RWD-{:04}", number + 1)},
      {"Description", fmt::format("For whoever {} → counts once a month.",
                                  number % 2 == 0 ? "brings somebody along" : "helps at an open evening")},
      {"Reward Type", maker.pick(reward_types)},
      {"Status", maker.pick(reward_statuses)},
      {"Points Value", 10 * dice.between(1, 50)},
      {"Monetary Value", 2.5 * dice.between(0, 80)},
      {"Currency", number % 3 == 0 ? "EUR" : "USD"},
      {"Eligibility Criteria", json::object{{"visits", dice.between(1, 10)}, {"since", DemoMaker::day(begins)}}},
      {"Redemption Count", dice.between(0, 20)},
      {"Maximum Redemptions", 50},
      {"Start Date", DemoMaker::on(DemoMaker::day(begins))},
      {"End Date", DemoMaker::on(DemoMaker::day(begins + 60))},
      {"Target Audience", maker.picks(audiences, 2)},
      {"Redemption Code", fmt::format("DANKE-{:X}", 4096 + number * 97)}};
  if (number % 3 == 0) {
    record.values["Image"] = json::array{fmt::format("https://files.example.org/rewards/{}.png", number),
                                         fmt::format("https://files.example.org/rewards/{}-b.png", number)};
  }
  maker.link(record, "Community Members", std::move(members));
  maker.link(record, "Related Products", std::move(products));
  maker.link(record, "Marketing Campaigns", std::move(campaigns));
  maker.link(record, "Business Entity", std::move(house));
  maker.link(record, "Recipient", std::move(recipient));
}

}  // namespace

void make_demo_contacts(DemoMaker& maker) {
  demo_on_both_sides(maker, {.pages = 520, .rows = 110, .least = 24}, add_contact);
}

void make_demo_community(DemoMaker& maker) {
  demo_on_both_sides(maker, {.pages = 190, .rows = 30, .least = 60}, add_member);
  demo_on_both_sides(maker, {.pages = 56, .rows = 8, .least = 5}, add_reward);
}

}  // namespace rowpage
