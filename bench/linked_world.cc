#include "bench/linked_world.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "core/time.h"

namespace rowpage::bench {
namespace {

constexpr std::int64_t pages_per_seeding = 2'000;
constexpr std::int64_t pages_per_minute = 100;
constexpr Millis seeded_from_ms = 1'735'689'600'000;  // 2025-01-01T00:00Z
constexpr std::int64_t circle_every = 20;             // records of which the first closes a circle
constexpr const char* no_limit = "requests_per_minute: 10000";

// What fills a text, a number or a choice; {} is the record's number.
struct Filled {
  const char* column;
  const char* property;
  const char* value;
  bool number = false;
};

// Which record a link leads to.
struct Leads {
  enum class Shape {
    spread,  // (n * step + shift) % count, of another pair
    tree,    // n / 2, of the same pair; the first has none
    twins,   // of every twenty the first two lead to each other
    first,   // spread, but only the first of every twenty has one
  } shape = Shape::spread;
  std::int64_t step = 1, shift = 0;

  std::optional<std::int64_t> from(std::int64_t n, std::int64_t count) const {
    switch (shape) {
      case Shape::spread:
        return (n * step + shift) % count;
      case Shape::tree:
        return n == 0 ? std::nullopt : std::optional(n / 2);
      case Shape::twins:
        return n % circle_every > 1 ? std::nullopt : std::optional(n ^ 1);
      case Shape::first:
        return n % circle_every > 0 ? std::nullopt : std::optional((n * step + shift) % count);
    }
    return std::nullopt;
  }

  // The same in SQL: an expression over n, and which n have one.
  std::string target_sql(std::int64_t count) const {
    if (shape == Shape::tree) return "(n / 2)";
    if (shape == Shape::twins) return "(n # 1)";
    return fmt::format("((n * {} + {}) % {})", step, shift, count);
  }
  std::string where_sql() const {
    if (shape == Shape::tree) return "n > 0";
    if (shape == Shape::twins) return fmt::format("n % {} < 2", circle_every);
    return shape == Shape::first ? fmt::format("n % {} = 0", circle_every) : "true";
  }
};
using enum Leads::Shape;

struct LinkTo {
  const char* property;
  const char* to;
  const char* column;              // a foreign key; or
  const char *join, *own, *other;  // a join table
  Leads leads;
  const char* reference = nullptr;  // what the key holds instead of the row's id
  bool closes = false;              // closes circles: leads to pages that are seeded later
};
LinkTo foreign_key(const char* property, const char* to, const char* column, Leads leads,
                   const char* reference = nullptr) {
  return {property, to, column, nullptr, nullptr, nullptr, leads, reference};
}
LinkTo join(const char* property, const char* to, const char* table, const char* own, const char* other, Leads leads,
            bool closes = false) {
  return {property, to, nullptr, table, own, other, leads, nullptr, closes};
}

struct Kind {
  const char* model;
  const char* table;
  std::vector<Filled> fields;
  std::vector<LinkTo> links;
};

// In an order in which the tables can be filled. Workflow → ApiIntegration → DataTransformation → Workflow is a circle
// of pairs; of every twenty records one is a circle of records too.
const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"Agent",
       "agents",
       {{"name", "Agent Name", "Agent {}"},
        {"agent_id", "Agent ID", "AGENT-{}"},
        {"description", "Description", "Answers, sorts and forwards what comes in on channel {}."},
        {"version", "Version", "1.0.0"},
        {"status", "Status", "Deployed"},
        {"runtime_environment", "Runtime Environment", "Serverless"}},
       {}},
      {"Workflow",
       "workflows",
       {{"name", "Workflow Name", "Workflow {}"},
        {"workflow_id", "Workflow ID", "WF-{}"},
        {"description", "Description", "From the first letter to the signed contract, in {} steps."},
        {"status", "Status", "Active"},
        {"trigger_type", "Trigger Type", "Scheduled"},
        {"version", "Version", "1.0"}},
       {join("Required Agents", "Agent", "agent_workflows", "workflow_id", "agent_id", {spread, 1, 3}),
        join("Required Integrations", "ApiIntegration", "workflow_api_integrations", "workflow_id",
             "api_integration_id", {first, 1, 0}, true)}},
      {"BusinessEntity",
       "business_entities",
       {{"name", "Name", "Business {}"},
        {"entity_type", "Entity Type", "ART_GALLERY"},
        {"api_keys_reference", "API Keys Reference", "vault/business/{}"},
        {"integration_status", "Integration Status", "Active"}},
       {join("Primary Workflows", "Workflow", "business_entity_workflows", "business_entity_id", "workflow_id",
             {spread, 1, 1}),
        join("Active Agents", "Agent", "business_entity_agents", "business_entity_id", "agent_id", {spread, 1, 0})}},
      {"DataTransformation",
       "data_transformations",
       {{"name", "Transformation Name", "Transformation {}"},
        {"transformation_id", "Transformation ID", "TRANSFORM-{}"},
        {"description", "Description", "Turns export {} into rows."},
        {"source_format", "Source Format", "CSV"},
        {"target_format", "Target Format", "JSON"},
        {"transformation_logic", "Transformation Logic", "split, trim, map, group {}"}},
       {join("Business Entities", "BusinessEntity", "data_transformation_business_entities", "data_transformation_id",
             "business_entity_id", {spread, 1, 0}),
        join("Used By Workflows", "Workflow", "data_transformation_workflows", "data_transformation_id", "workflow_id",
             {spread, 1, 0})}},
      {"ApiIntegration",
       "api_integrations",
       {{"name", "Integration Name", "Integration {}"},
        {"integration_id", "Integration ID", "INT-{}"},
        {"description", "Description", "Reads orders and writes invoices of shop {}."},
        {"api_platform", "API Platform", "CUSTOM_API"},
        {"status", "Status", "Active"}},
       {join("Agents Using", "Agent", "agent_api_integrations", "api_integration_id", "agent_id", {spread, 1, 5}),
        join("Data Mapping", "DataTransformation", "api_integration_transformations", "api_integration_id",
             "data_transformation_id", {spread, 1, 0})}},
      {"ContactProfile",
       "contacts_profiles",
       {{"full_name", "Full Name", "Ada Kovács {}"},
        {"first_name", "First Name", "Ada"},
        {"last_name", "Last Name", "Kovács {}"},
        {"contact_id", "Contact ID", "CTCT-{}"},
        {"email", "Email", "ada.{}@example.com"},
        {"contact_type", "Contact Type", "Client"},
        {"lead_status", "Status", "Active Client"}},
       {foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 3, 1})}},
      {"ProductService",
       "products_services",
       {{"name", "Name", "Course {}"},
        {"product_id", "Product ID", "PROD-{}"},
        {"type", "Type", "Course"},
        {"description", "Description", "Ten evenings of clay and glaze, group {}."},
        {"price", "Price", "120", true},
        {"currency", "Currency", "EUR"},
        {"status", "Status", "Active"}},
       {foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 7, 2})}},
      {"AgentCommunication",
       "agent_communication_patterns",
       {{"pattern_name", "Pattern Name", "Pattern {}"},
        {"description", "Description", "Hands over case {} with its history."},
        {"message_format", "Message Format", "JSON, version {}"},
        {"communication_protocol", "Communication Protocol", "HTTP"}},
       {foreign_key("Source Agent", "Agent", "source_agent", {spread, 1, 0}, "AGENT-"),
        foreign_key("Target Agent", "Agent", "target_agent", {spread, 1, 1}, "AGENT-"),
        join("Active Workflows Using", "Workflow", "communication_pattern_workflows", "communication_pattern_id",
             "workflow_id", {spread, 1, 2})}},
      {"UseCase",
       "use_cases",
       {{"title", "Use Case Title", "Use case {}"},
        {"use_case_id", "Use Case ID", "UC-{}"},
        {"description", "Description", "A client books, pays and is reminded; case {}."},
        {"business_value", "Business Value", "Saves {} letters a year."},
        {"implementation_status", "Implementation Status", "Planned"}},
       {join("Related Workflows", "Workflow", "use_case_workflows", "use_case_id", "workflow_id", {spread, 1, 0}),
        join("Required Integrations", "ApiIntegration", "use_case_api_integrations", "use_case_id",
             "api_integration_id", {spread, 1, 4})}},
      {"NotificationTemplate",
       "notification_templates",
       {{"template_name", "Template Name", "Template {}"},
        {"template_id", "Template ID", "NOTIF-{}"},
        {"description", "Description", "Sent the evening before, number {}."},
        {"channel", "Channel", "Email"},
        {"content_template", "Content Template", "Dear {{name}}, we look forward to seeing you. {}"},
        {"creator", "Creator", "Grace"}},
       {join("Business Entities", "BusinessEntity", "notification_template_business_entities",
             "notification_template_id", "business_entity_id", {spread, 1, 0}),
        join("Related Workflows", "Workflow", "notification_template_workflows", "notification_template_id",
             "workflow_id", {spread, 1, 1})}},
      {"WorkflowInstance",
       "workflow_instances",
       {{"instance_name", "Instance Name", "Instance {}"},
        {"instance_id", "Instance ID", "INST-{}"},
        {"status", "Status", "Active"},
        {"priority", "Priority", "Medium"},
        {"current_step", "Current Step", "waiting for answer {}"}},
       {foreign_key("Workflow", "Workflow", "workflow_id", {spread, 1, 0}),
        foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 3, 0}),
        foreign_key("Contact", "ContactProfile", "contact_id", {spread, 1, 7}),
        foreign_key("Product/Service", "ProductService", "product_service_id", {spread, 1, 2})}},
      {"MarketingCampaign",
       "marketing_campaigns",
       {{"name", "Campaign Name", "Campaign {}"},
        {"campaign_id", "Campaign ID", "CAMP-{}"},
        {"description", "Description", "Spring letters, wave {}."},
        {"status", "Status", "Draft"},
        {"campaign_type", "Campaign Type", "Email"}},
       {foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 1, 0}),
        join("Related Products", "ProductService", "marketing_campaign_products", "marketing_campaign_id",
             "product_service_id", {spread, 1, 9})}},
      {"FeedbackSurvey",
       "feedback_surveys",
       {{"title", "Title", "Feedback {}"},
        {"feedback_id", "Feedback ID", "FDBK-{}"},
        {"description", "Description", "Seen at the door, noted on card {}."},
        {"status", "Status", "New"},
        {"feedback_type", "Feedback Type", "Praise"}},
       {foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 1, 0}),
        foreign_key("Contact", "ContactProfile", "contact_id", {spread, 1, 1}),
        foreign_key("Related Product/Service", "ProductService", "product_service_id", {spread, 1, 3})}},
      {"Task",
       "tasks",
       {{"task_name", "Task Name", "Task {}"},
        {"task_id", "Task ID", "TASK-{}"},
        {"status", "Status", "To Do"},
        {"description", "Description", "Call back about order {}."},
        {"priority", "Priority", "High"}},
       {foreign_key("Related Workflow Instance", "WorkflowInstance", "related_workflow_instance", {spread, 1, 0}),
        foreign_key("Related Business Entity", "BusinessEntity", "related_business_entity", {spread, 1, 0}),
        foreign_key("Parent Task", "Task", "parent_task_id", {tree}),
        join("Dependencies", "Task", "task_dependencies", "task_id", "depends_on_task_id", {twins}, true)}},
      {"CommunityMember",
       "community_members",
       {{"display_name", "Member Name", "Member {}"},
        {"member_id", "Member ID", "MEMBER-{}"},
        {"username", "Username", "member_{}"},
        {"membership_level", "Membership Level", "Standard"},
        {"membership_status", "Membership Status", "Active"},
        {"primary_platform", "Primary Platform", "Discord"}},
       {foreign_key("Contact Profile", "ContactProfile", "contact_id", {spread, 1, 0}),
        foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 1, 5})}},
      {"RewardBounty",
       "rewards_bounties",
       {{"name", "Reward Name", "Reward {}"},
        {"reward_id", "Reward ID", "RWD-{}"},
        {"description", "Description", "For the {}th friend."},
        {"reward_type", "Reward Type", "Discount"},
        {"status", "Status", "Active"},
        {"currency", "Currency", "EUR"}},
       {foreign_key("Business Entity", "BusinessEntity", "business_entity_id", {spread, 1, 0}),
        foreign_key("Recipient", "ContactProfile", "recipient_contact_id", {spread, 1, 2}),
        join("Community Members", "CommunityMember", "reward_community_members", "reward_id", "community_member_id",
             {spread, 1, 0})}}};
  return all;
}

const Kind& kind_of(const std::string& model) {
  return *std::ranges::find_if(kinds(), [&](const Kind& kind) { return model == kind.model; });
}

std::string filled(std::string_view value, const std::string& number) {
  std::string text(value);
  if (const auto at = text.find("{}"); at != std::string::npos) text.replace(at, 2, number);
  return text;
}

// An expression over n; a value without a number stays a literal of no type, which fits an enumeration too.
std::string value_sql(const Filled& field) {
  const std::string value = field.value;
  if (value.find("{}") == std::string::npos) return field.number ? value : "'" + value + "'";
  return filled("'" + value + "'", "' || n || '");
}

// Keys look as random as gen_random_uuid() makes them, and are known.
std::string key_sql(const char* model, const std::string& n) {
  return fmt::format("md5('{} ' || {})::uuid", model, n);
}

std::string target_sql(const LinkTo& link, std::int64_t count) {
  const std::string n = link.leads.target_sql(count);
  return link.reference ? fmt::format("'{}' || {}", link.reference, n) : key_sql(link.to, n);
}

std::string rows_sql(const Kind& kind, std::int64_t count) {
  std::string columns = "id", values = key_sql(kind.model, "n");
  for (const auto& field : kind.fields) {
    columns += fmt::format(", {}", field.column);
    values += ", " + value_sql(field);
  }
  for (const auto& link : kind.links) {
    if (!link.column) continue;
    columns += fmt::format(", {}", link.column);
    values += fmt::format(", case when {} then {} end", link.leads.where_sql(), target_sql(link, count));
  }
  return fmt::format("insert into {} ({}) select {} from generate_series(0::bigint, {}) n", kind.table, columns, values,
                     count - 1);
}

std::string joins_sql(const Kind& kind, const LinkTo& link, std::int64_t count) {
  return fmt::format("insert into {} ({}, {}) select {}, {} from generate_series(0::bigint, {}) n where {}", link.join,
                     link.own, link.other, key_sql(kind.model, "n"), target_sql(link, count), count - 1,
                     link.leads.where_sql());
}

json::object relation_to(const std::string& page) {
  return {{"relation", json::array{json::object{{"id", page}}}}};
}

}  // namespace

LinkedWorld::LinkedWorld(bool defaults) : Stage(0) {
  rowpage({"init", "--preset", "higherself"});
  const std::string file = folder() + "/rowpage.yaml";
  const std::string preset = slurp(file);
  std::string config = std::regex_replace(preset, std::regex("requests_per_minute: 180"), no_limit);
  if (config == preset) throw Trouble{"the preset names no requests_per_minute to raise"};
  if (!defaults) {
    const std::string with_times =
        std::exchange(config, std::regex_replace(config, std::regex("\n *created_at_column: created_at[^\n]*"), ""));
    if (config == with_times) throw Trouble{"the preset names no created_at_column to leave out"};
  }
  std::ofstream(file) << config;
  const auto made = parse_json(rowpage({"setup"}).out);
  const auto* databases = made ? find_object(*made, "databases") : nullptr;
  if (!databases || databases->size() != kinds().size()) throw Trouble{"setup did not tell the databases it made"};
  for (const auto& [model, id] : *databases)
    sources_[std::string(model)] = data_source_of(std::string(id.get_string()));
  if (defaults) return;
  sql("do $$ declare c record; begin for c in select table_name t, column_name n from information_schema.columns "
      "where table_schema = 'public' and column_default is not null and column_name <> 'id' loop "
      "execute format('alter table %I alter column %I drop default, alter column %I drop not null', c.t, c.n, c.n); "
      "end loop; end $$");
}

std::int64_t LinkedWorld::pairs() {
  return static_cast<std::int64_t>(kinds().size());
}

void LinkedWorld::fill_tables(std::int64_t count) {
  for (const auto& kind : kinds()) sql(rows_sql(kind, count));
  for (const auto& kind : kinds()) {
    for (const auto& link : kind.links) {
      if (link.join) sql(joins_sql(kind, link, count));
    }
  }
  sql("analyze");
}

void LinkedWorld::fill_pages(std::int64_t count) {
  for (const auto& kind : kinds()) seed_pages(kind.model, count);
  close_circles(count);
}

void LinkedWorld::seed_pages(const std::string& model, std::int64_t count) {
  const Kind& kind = kind_of(model);
  auto& own = pages_[model];
  for (std::int64_t n = 0; n < count;) {
    // A tree's children name pages of their own pair, so a seeding ends before its first child of a page in it.
    const bool grows =
        std::ranges::any_of(kind.links, [](const LinkTo& l) { return l.leads.shape == Leads::Shape::tree; });
    const std::int64_t end =
        std::min({count, n + pages_per_seeding, grows ? std::max<std::int64_t>(2 * n, n + 1) : count});
    json::array list;
    for (; n < end; ++n) {
      json::object properties;
      for (const auto& field : kind.fields) {
        const std::string value = filled(field.value, std::to_string(n));
        properties[field.property] = field.number ? json::value(std::stod(value)) : json::value(value);
      }
      for (const auto& link : kind.links) {
        const auto target = link.leads.from(n, count);
        if (target && !link.closes)
          properties[link.property] = relation_to(pages_.at(link.to).at(static_cast<std::size_t>(*target)));
      }
      const Millis created = seeded_from_ms + n / pages_per_minute * minute_ms;
      list.push_back(json::object{{"properties", std::move(properties)}, {"created_time", format_utc(created)}});
    }
    const auto made = control("POST", "/_sandbox/seed",
                              json::object{{"data_source_id", sources_.at(model)}, {"pages", std::move(list)}});
    for (const auto& id : *find_array(made, "ids")) own.emplace_back(id.get_string());
  }
}

// What leads to pages that were not there yet.
void LinkedWorld::close_circles(std::int64_t count) {
  for (const auto& kind : kinds()) {
    for (const auto& link : kind.links) {
      for (std::int64_t n = 0; link.closes && n < count; ++n) {
        const auto target = link.leads.from(n, count);
        if (!target) continue;
        edit_page(pages_.at(kind.model).at(static_cast<std::size_t>(n)),
                  {{link.property, relation_to(pages_.at(link.to).at(static_cast<std::size_t>(*target)))}});
      }
    }
  }
}

std::int64_t LinkedWorld::links(std::int64_t count) {
  std::int64_t number = 0;
  for (const auto& kind : kinds()) {
    for (const auto& link : kind.links) {
      for (std::int64_t n = 0; n < count; ++n) number += link.leads.from(n, count) ? 1 : 0;
    }
  }
  return number;
}

std::int64_t LinkedWorld::links_stored() {
  std::string sum = "select 0";
  for (const auto& kind : kinds()) {
    for (const auto& link : kind.links) {
      sum += link.join ? fmt::format(" + (select count(*) from {})", link.join)
                       : fmt::format(" + (select count({}) from {})", link.column, kind.table);
    }
  }
  return std::stoll(sql(sum));
}

std::int64_t LinkedWorld::late(std::int64_t count) {
  return 2 * (count / circle_every);  // of tasks that wait for each other, and of workflow, integration, transformation
}

std::string LinkedWorld::key(const std::string& model, std::int64_t n) {
  const Kind& kind = kind_of(model);
  const auto& title = kind.fields.front();
  return fmt::format("(select id from {} where {} = '{}')", kind.table, title.column,
                     filled(title.value, std::to_string(n)));
}

std::string LinkedWorld::page(const std::string& model, std::int64_t n) {
  const Kind& kind = kind_of(model);
  const std::string title = filled(kind.fields.front().value, std::to_string(n));
  const auto id = sql(fmt::format("select l.page_id from rowpage.link l join rowpage.pair p on p.id = l.pair "
                                  "join {} t on t.id::text = l.row_key where p.table_name = '{}' and t.{} = $1",
                                  kind.table, kind.table, kind.fields.front().column),
                      {title});
  if (id.empty()) throw Trouble{"no page is known for " + title};
  return id;
}

void LinkedWorld::edit_page(const std::string& page, const json::object& properties) {
  person("PATCH", "/v1/pages/" + page, json::object{{"properties", properties}});
}

}  // namespace rowpage::bench
