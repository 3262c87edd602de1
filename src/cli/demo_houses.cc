// The houses and what works in them: entities, agents, integrations, workflows.
#include <fmt/format.h>

#include "cli/demo_words.h"

namespace rowpage {
namespace {

using Texts = std::string_view;

struct House {
  Texts name, type, keys;
  Side born;
};
constexpr std::array<House, 5> houses = {{
    {"Stillwater Wellness 🌿", "WELLNESS_CENTER", "vault://stillwater", Side::notion},
    {"Galerie Sieben Farben 🎨", "ART_GALLERY", "vault://sieben-farben", Side::notion},
    {"Compass & Lantern Consulting 🧭", "CONSULTING_FIRM", "vault://compass-lantern", Side::notion},
    {"בית הגלים – House of Waves", "WELLNESS_CENTER", "vault://house-of-waves", Side::notion},
    {"Lantern Online Shop 🛒", "CONSULTING_FIRM", "vault://lantern-shop", Side::supabase},
}};

struct AgentKind {
  Texts name, does, capability, api;
};
constexpr std::array<AgentKind, 8> agents = {{
    {"Reception", "answers first questions and finds a free hour", "Booking Detection", "AMELIA_API"},
    {"Ledger", "lays payments beside invoices and asks about the rest", "Workflow Management", "STRIPE_API"},
    {"Herald", "writes the newsletter from what the teams hand in", "Content Creation", "NOTION_API"},
    {"Scout", "takes up leads from forms and events", "Lead Capture", "TYPEFORM_API"},
    {"Gardener", "looks after contacts nobody has called for a while", "CRM Sync", "HUBSPOT_API"},
    {"Scribe", "turns recordings into minutes → tasks", "Transcription Processing", "PLAUD_API"},
    {"Curator", "keeps the catalogue and its photographs in order", "Inventory Management", "WOOCOMMERCE_API"},
    {"Bellringer", "reminds people of what they promised 🔔", "Notification Dispatch", "AIRTABLE_API"},
}};
constexpr std::array<Texts, 5> capabilities = {"Task Creation", "Error Handling", "Workflow Orchestration",
                                               "Client Communication", "Community Engagement"};
constexpr std::array<Texts, 4> agent_statuses = {"Deployed", "Deployed", "Development", "Inactive"};
constexpr std::array<Texts, 4> health = {"Healthy", "Healthy", "Monitoring", "Degraded"};
constexpr std::array<Texts, 3> providers = {"OpenAI", "Anthropic", "Local Embedding"};
constexpr std::array<Texts, 5> places = {"Notion / Contacts", "PostgreSQL", "S3 (eu-central-1)", "Mailbox", "Calendar"};

struct Platform {
  Texts name, api, auth, tag;
};
constexpr std::array<Platform, 12> platforms = {{
    {"Notion", "NOTION_API", "Bearer Token", "Core"},
    {"HubSpot", "HUBSPOT_API", "OAuth", "CRM"},
    {"Typeform", "TYPEFORM_API", "Bearer Token", "Marketing"},
    {"Airtable", "AIRTABLE_API", "Bearer Token", "Analytics"},
    {"Amelia", "AMELIA_API", "API Key", "Booking"},
    {"WooCommerce", "WOOCOMMERCE_API", "Basic Auth", "E-commerce"},
    {"TutorLM", "TUTORLM_API", "API Key", "Content"},
    {"Stripe", "STRIPE_API", "API Key", "Payment"},
    {"Plaud", "PLAUD_API", "OAuth", "Content"},
    {"Circle", "CIRCLE_API", "API Key", "Communication"},
    {"Beehiiv", "BEEHIIV_API", "API Key", "Marketing"},
    {"Door lock", "CUSTOM_API", "Custom", "Core"},
}};
constexpr std::array<Texts, 3> purposes = {"daily", "events", "archive"};
constexpr std::array<Texts, 4> integration_statuses = {"Active", "Active", "Under Test", "Planned"};
constexpr std::array<Texts, 4> signatures = {"HMAC Signature", "API Key in Headers", "Bearer Token", "None"};

constexpr std::array<Texts, 8> verbs = {"Welcome", "Invoice", "Follow up", "Publish",
                                        "Book",    "Restock", "Ask",       "Report"};
constexpr std::array<Texts, 7> objects = {"a new guest", "a workshop",     "an exhibition", "a retreat",
                                          "a voucher",   "a consultation", "the month"};
constexpr std::array<Texts, 4> workflow_statuses = {"Active", "Implemented", "Draft", "Under Review"};
constexpr std::array<Texts, 6> triggers = {"Manual",    "Form Submission", "API Call",
                                           "Scheduled", "Event",           "Database Change"};
constexpr std::array<Texts, 5> workflow_tags = {"Client Onboarding", "Order Processing", "Booking Management",
                                                "Feedback Collection", "Reporting"};

void add_house(DemoMaker& maker, const House& house) {
  auto& record = maker.add("BusinessEntity", house.born);
  record.values = {{"Name", house.name},
                   {"Entity Type", house.type},
                   {"API Keys Reference", house.keys},
                   {"Integration Status", maker.dice.chance(80) ? "Active" : "Maintenance"}};
}

void add_agent(DemoMaker& maker, std::size_t number, Side side) {
  const auto& kind = agents[number % agents.size()];
  const auto& house = houses[number % houses.size()];
  const std::string name = fmt::format("{} {}", kind.name, 1 + number / agents.size());
  auto& record = maker.add("Agent", side);
  record.values = {
      {"Agent Name", name},
      {"Agent ID", fmt::format("AGENT-{:03}", number + 1)},
      {"Description", fmt::format("{} {} of {}.", kind.name, kind.does, house.name)},
      {"Version", fmt::format("{}.{}.{}", 1 + number % 3, number % 7, number % 4)},
      {"Status", maker.pick(agent_statuses)},
      {"Capabilities", maker.picks(capabilities, 3)},
      {"Primary APIs Utilized", json::array{"NOTION_API"}},
      {"Runtime Environment", maker.dice.chance(70) ? "Docker (HigherSelf Network Server)" : "Serverless"},
      {"Source Code Location", fmt::format("https://git.example.org/agents/{}?ref=v{}", number + 1, 1 + number % 3)},
      {"Primary Data Sources", maker.picks(places, 2)},
      {"Primary Data Sinks", maker.picks(places, 2)},
      {"Fallback Providers", maker.picks(providers, 2)},
      {"Health Status", maker.pick(health)}};
  record.values["Capabilities"].as_array().emplace_back(json::string(kind.capability));
  if (kind.api != "NOTION_API") record.values["Primary APIs Utilized"].as_array().emplace_back(json::string(kind.api));
  if (side == Side::notion) {
    record.values["Owner"] = 0;
  } else {
    record.values["Last Execution"] = DemoMaker::on(maker.moment(180));
    record.values["Execution Count"] = 1200 + 37 * number;
    record.values["Success Rate"] = 98.25;
  }
}

void add_integration(DemoMaker& maker, std::size_t number, Side side) {
  const auto& platform = platforms[number % platforms.size()];
  auto agents_using = maker.some("Agent", side, 3), served = maker.some("BusinessEntity", side, 2);
  auto& record = maker.add("ApiIntegration", side);
  record.values = {
      {"Integration Name",
       fmt::format("{} → {}", platform.name, purposes[number / platforms.size() % purposes.size()])},
      {"Integration ID", fmt::format("INT-{:04}", number + 1)},
      {"Description",
       fmt::format("{} for everything the teams do with it; owned by nobody in particular.", platform.name)},
      {"API Platform", platform.api},
      {"Status", maker.pick(integration_statuses)},
      {"API Version", fmt::format("v{}", 1 + number % 3)},
      {"Auth Method", platform.auth},
      {"API Key Reference", fmt::format("vault://integrations/{}", number + 1)},
      {"Base URL", fmt::format("https://api.example.org/{}/v{}?region=eu&lang=en", number + 1, 1 + number % 3)},
      {"Endpoints Used", "GET /contacts, POST /contacts, PATCH /contacts/{id}"},
      {"Rate Limits", maker.dice.chance(50) ? "3 requests a second (rolling minute)" : ""},
      {"Webhook Authentication Method", maker.pick(signatures)},
      {"Last Tested", DemoMaker::on(DemoMaker::day(static_cast<int>(number % 180)))},
      {"Tags", json::array{platform.tag}}};
  maker.link(record, "Agents Using", std::move(agents_using));
  maker.link(record, "Business Entities", std::move(served));
}

json::value steps_of(std::size_t number) {
  json::array steps;
  for (std::size_t i = 0; i < 3 + number % 3; ++i) {
    steps.push_back(json::object{{"step", i + 1},
                                 {"does", verbs[(number + i) % verbs.size()]},
                                 {"minutes", 5 * (1 + (number + i) % 4)},
                                 {"human", (number + i) % 2 == 0}});
  }
  return steps;
}

void add_workflow(DemoMaker& maker, std::size_t number, Side side) {
  auto needs = maker.some("ApiIntegration", side, 2), by = maker.some("Agent", side, 3);
  auto& record = maker.add("Workflow", side);
  record.values = {
      {"Workflow Name", fmt::format("{} {}", verbs[number % verbs.size()], objects[number % objects.size()])},
      {"Workflow ID", fmt::format("WF-{:04}", number + 1)},
      {"Description", fmt::format("From the first message to the last thank-you: {} → {} → done.",
                                  verbs[number % verbs.size()], verbs[(number + 3) % verbs.size()])},
      {"Status", maker.pick(workflow_statuses)},
      {"Trigger Type", maker.pick(triggers)},
      {"Trigger Conditions", json::object{{"form", fmt::format("F-{}", number)}, {"only_if", "consent == true"}}},
      {"Workflow Steps", steps_of(number)},
      {"Version", fmt::format("1.{}", number % 9)},
      {"Initial State", "received"},
      {"States", json::object{{"received", json::array{"checked"}}, {"checked", json::array{"done", "refused"}}}},
      {"Data Schema", json::object{{"type", "object"}, {"required", json::array{"email"}}}},
      {"Tags", maker.picks(workflow_tags, 2)},
      {"Documentation URL", fmt::format("https://wiki.example.org/workflows/{}#how-it-ends", number + 1)}};
  if (side == Side::supabase) {
    record.values["Active Instances Count"] = number % 5;
    record.values["Success Rate"] = 92.5;
    record.values["Average Completion Time"] = 36.75;
  }
  maker.link(record, "Required Integrations", std::move(needs));
  maker.link(record, "Required Agents", std::move(by));
}

}  // namespace

void make_demo_houses(DemoMaker& maker) {
  for (const auto& house : houses) add_house(maker, house);
  demo_on_both_sides(maker, {.pages = 14, .rows = 3, .least = 4}, add_agent);
  demo_on_both_sides(maker, {.pages = 16, .rows = 3, .least = 4}, add_integration);
  demo_on_both_sides(maker, {.pages = 28, .rows = 4, .least = 5}, add_workflow);
}

void connect_demo_houses(DemoMaker& maker) {
  for (const Side side : {Side::notion, Side::supabase}) {
    for (const std::size_t number : maker.data().of("BusinessEntity", side)) {
      auto workflows = maker.some("Workflow", side, 6), agents_at = maker.some("Agent", side, 4);
      maker.link(maker.record(number), "Primary Workflows", std::move(workflows));
      maker.link(maker.record(number), "Active Agents", std::move(agents_at));
    }
  }
}

}  // namespace rowpage
