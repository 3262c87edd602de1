#include "cli/demo_changes.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/demo_view.h"
#include "core/value.h"

namespace rowpage {
namespace {

constexpr std::size_t shown_bytes = 26;

bool links_some(const DemoRecord& record, std::string_view property, std::size_t at_least = 1) {
  return std::ranges::any_of(
      record.links, [&](const DemoLinks& links) { return links.property == property && links.to.size() >= at_least; });
}

const std::vector<std::size_t>& targets(const DemoRecord& record, std::string_view property) {
  static const std::vector<std::size_t> none;
  const auto at = std::ranges::find(record.links, property, &DemoLinks::property);
  return at == record.links.end() ? none : at->to;
}

std::string with(std::string_view list, const std::string& name) {
  auto items = demo_list_items(list);
  items.push_back(name);
  return demo_list(std::move(items));
}

std::string without(std::string_view list, const std::string& name) {
  auto items = demo_list_items(list);
  const auto at = std::ranges::find(items, name);
  if (at != items.end()) items.erase(at);
  return demo_list(std::move(items));
}

std::string shown(std::string_view text) {
  const bool number = !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
  if (number || text == demo_lives || text == demo_in_trash || text == demo_deleted) return std::string(text);
  return display(make_text(std::string(text)), shown_bytes);
}

}  // namespace

std::string demo_before_after(std::string_view before, std::string_view after, bool links) {
  if (before == after) return fmt::format("{} (as before)", shown(before));
  auto was = demo_list_items(before), is = demo_list_items(after);
  if (!links || (was.size() < 2 && is.size() < 2)) return fmt::format("{} → {}", shown(before), shown(after));
  std::vector<std::string> lost, won;
  std::ranges::set_difference(was, is, std::back_inserter(lost));
  std::ranges::set_difference(is, was, std::back_inserter(won));
  std::string changes;
  for (const auto& name : lost) changes += fmt::format("{}− {}", changes.empty() ? "" : ", ", shown(name));
  for (const auto& name : won) changes += fmt::format("{}+ {}", changes.empty() ? "" : ", ", shown(name));
  return fmt::format("{} → {} links ({})", was.size(), is.size(), changes);
}

Result<DemoChanges::Watched> DemoChanges::watch(std::size_t record, std::string property, std::string expected) {
  auto before = records_.show(record, property);
  if (!before) return fail(before.error());
  return Watched{record, std::move(property), std::move(expected), std::move(*before), {}};
}

Status DemoChanges::tell(std::string name, std::vector<std::string> edits, std::vector<Watched> watched) {
  stories_.push_back({std::move(name), std::move(edits), std::move(watched)});
  return {};
}

Status DemoChanges::on_page(std::size_t record, std::string_view property, const json::value& value) {
  const Field& field = *demo_field(*demo_pair(session_.config(), records_.record(record).model), property);
  return world_.edit_page(records_.half(record).page, {{property, demo_property(field, value, "")}});
}

Status DemoChanges::relink(std::size_t record, std::string_view property, const std::vector<std::string>& pages) {
  return world_.edit_page(records_.half(record).page, {{property, demo_relation(pages)}});
}

Status DemoChanges::in_row(std::size_t record, std::string_view property, const std::string& sql_value) {
  const PairSpec& pair = *demo_pair(session_.config(), records_.record(record).model);
  return world_.sql(fmt::format("update {} set {} = {} where {} = $1::text::uuid", pair.table,
                                demo_field(pair, property)->column, sql_value, pair.key),
                    {records_.half(record).key});
}

Status DemoChanges::join_row(bool add, std::size_t record, std::string_view property, std::size_t other) {
  const auto& relation = demo_field(*demo_pair(session_.config(), records_.record(record).model), property)->relation;
  const std::string statement = add ? fmt::format("insert into {} ({}, {}) values ($1::text::uuid, $2::text::uuid)",
                                                  relation.join, relation.own, relation.other)
                                    : fmt::format("delete from {} where {} = $1::text::uuid and {} = $2::text::uuid",
                                                  relation.join, relation.own, relation.other);
  return world_.sql(statement, {records_.half(record).key, records_.half(other).key});
}

Status DemoChanges::edit() {
  for (const auto story :
       {&DemoChanges::merge, &DemoChanges::conflict, &DemoChanges::link_from_the_back_end, &DemoChanges::link_in_sql,
        &DemoChanges::link_across, &DemoChanges::unlink_in_notion, &DemoChanges::unlink_in_sql,
        &DemoChanges::both_ends_of_many_to_many, &DemoChanges::move_subtask, &DemoChanges::trash_target,
        &DemoChanges::delete_row, &DemoChanges::trash_page}) {
    if (auto done = (this->*story)(); !done) return done;
  }
  return {};
}

Status DemoChanges::merge() {
  const auto contact = records_.first("ContactProfile", Side::notion, [](const DemoRecord& record) {
    return record.values.contains("City") && record.values.contains("Job Title");
  });
  auto job = watch(contact, "Job Title", "Head of Waves 🌊"), city = watch(contact, "City", "Porto");
  if (!job) return fail(job.error());
  if (!city) return fail(city.error());
  auto done = on_page(contact, "Job Title", "Head of Waves 🌊");
  if (done) done = in_row(contact, "City", "'Porto'");
  if (!done) return done;
  return tell("different fields are merged", {"Notion sets Job Title, PostgreSQL sets city"}, {*job, *city});
}

// The row is written first: the later one wins, and the loser is kept.
Status DemoChanges::conflict() {
  const auto product = records_.first("ProductService", Side::notion, [](const DemoRecord&) { return true; });
  auto price = watch(product, "Price", "111.5");
  if (!price) return fail(price.error());
  auto done = in_row(product, "Price", "99.25");
  if (done) done = on_page(product, "Price", 111.5);
  if (!done) return done;
  return tell("one field on both sides: a conflict", {"PostgreSQL sets price to 99.25, then Notion to 111.5"},
              {*price});
}

Status DemoChanges::link_from_the_back_end() {
  const auto agent = records_.first("Agent", Side::notion, [](const DemoRecord&) { return true; });
  const auto workflow = records_.first("Workflow", Side::notion, [&](const DemoRecord& record) {
    return std::ranges::find(targets(record, "Required Agents"), agent) == targets(record, "Required Agents").end();
  });
  auto agents = watch(workflow, "Required Agents");
  auto pages = records_.links(agent, "Workflows");
  if (!agents) return fail(agents.error());
  if (!pages) return fail(pages.error());
  agents->expected = with(agents->before.page, records_.name(agent));
  pages->push_back(records_.half(workflow).page);
  if (auto done = relink(agent, "Workflows", *pages); !done) return done;
  return tell("a link made at the other end",
              {fmt::format("agent {} is given a workflow on its own page", shown(records_.name(agent)))}, {*agents});
}

Status DemoChanges::link_in_sql() {
  const auto reward = records_.first("RewardBounty", Side::notion, [](const DemoRecord& record) {
    return links_some(record, "Community Members", 26);
  });
  const auto member = records_.first("CommunityMember", Side::supabase, [](const DemoRecord&) { return true; });
  auto members = watch(reward, "Community Members");
  if (!members) return fail(members.error());
  members->expected = with(members->before.page, records_.name(member));
  if (auto done = join_row(true, reward, "Community Members", member); !done) return done;
  return tell("a link made with SQL", {"a row in reward_community_members; the page has dozens"}, {*members});
}

Status DemoChanges::link_across() {
  const auto task =
      records_.first("Task", Side::supabase, [](const DemoRecord& record) { return !record.links.empty(); });
  const auto house = records_.first("BusinessEntity", Side::notion, [](const DemoRecord&) { return true; });
  auto entity = watch(task, "Related Business Entity", records_.name(house));
  if (!entity) return fail(entity.error());
  if (auto done = in_row(task, "Related Business Entity", fmt::format("'{}'", records_.half(house).key)); !done)
    return done;
  return tell("a foreign key set with SQL", {"a task born here, an entity born in Notion"}, {*entity});
}

Status DemoChanges::unlink_in_notion() {
  const auto use_case = records_.first(
      "UseCase", Side::notion, [](const DemoRecord& record) { return links_some(record, "Related Workflows", 2); });
  auto workflows = watch(use_case, "Related Workflows");
  auto pages = records_.links(use_case, "Related Workflows");
  if (!workflows) return fail(workflows.error());
  if (!pages) return fail(pages.error());
  const auto gone = targets(records_.record(use_case), "Related Workflows").front();
  workflows->expected = without(workflows->before.page, records_.name(gone));
  std::erase(*pages, records_.half(gone).page);
  if (auto done = relink(use_case, "Related Workflows", *pages); !done) return done;
  return tell("a link removed in Notion", {"a workflow is taken off the use case"}, {*workflows});
}

Status DemoChanges::unlink_in_sql() {
  const auto note = records_.first("NotificationTemplate", Side::notion,
                                   [](const DemoRecord& record) { return links_some(record, "Business Entities", 2); });
  auto houses = watch(note, "Business Entities");
  if (!houses) return fail(houses.error());
  const auto gone = targets(records_.record(note), "Business Entities").front();
  houses->expected = without(houses->before.page, records_.name(gone));
  if (auto done = join_row(false, note, "Business Entities", gone); !done) return done;
  return tell("a link removed with SQL", {"a row of notification_template_business_entities"}, {*houses});
}

Status DemoChanges::both_ends_of_many_to_many() {
  const auto campaign = campaign_ = records_.first("MarketingCampaign", Side::notion, [](const DemoRecord& record) {
    return links_some(record, "Related Products", 2);
  });
  const auto& has = targets(records_.record(campaign), "Related Products");
  const auto added = records_.first("ProductService", Side::supabase, [](const DemoRecord&) { return true; });
  const auto gone = has.back();
  auto products = watch(campaign, "Related Products");
  auto pages = records_.links(campaign, "Related Products");
  if (!products) return fail(products.error());
  if (!pages) return fail(pages.error());
  products->expected = with(without(products->before.page, records_.name(gone)), records_.name(added));
  pages->push_back(records_.half(added).page);
  auto done = relink(campaign, "Related Products", *pages);
  if (done) done = join_row(false, campaign, "Related Products", gone);
  if (!done) return done;
  return tell("many-to-many, edited on both sides", {"Notion adds a product, PostgreSQL removes another"}, {*products});
}

Status DemoChanges::move_subtask() {
  const auto task =
      records_.first("Task", Side::notion, [](const DemoRecord& record) { return links_some(record, "Parent Task"); });
  const auto old_parent = targets(records_.record(task), "Parent Task");
  const auto parent = records_.first("Task", Side::notion, [&](const DemoRecord& record) {
    return !links_some(record, "Parent Task") &&
           (old_parent.empty() || record.title() != records_.record(old_parent.front()).title());
  });
  auto above = watch(task, "Parent Task", records_.name(parent));
  if (!above) return fail(above.error());
  if (auto done = relink(task, "Parent Task", {records_.half(parent).page}); !done) return done;
  return tell("a subtask moves", {"in Notion, below another parent"}, {*above});
}

Status DemoChanges::trash_target() {
  const auto conflicted = records_.first("ProductService", Side::notion, [](const DemoRecord&) { return true; });
  linked_to_trashed_ = records_.first("FeedbackSurvey", Side::notion, [&](const DemoRecord& record) {
    const auto& product = targets(record, "Related Product/Service");
    const auto& watched = targets(records_.record(campaign_), "Related Products");
    return !product.empty() && product.front() != conflicted &&
           std::ranges::find(watched, product.front()) == watched.end();
  });
  trashed_ = targets(records_.record(linked_to_trashed_), "Related Product/Service").front();
  auto lives = watch(trashed_, "");
  if (!lives) return fail(lives.error());
  if (auto done = world_.trash_page(records_.half(trashed_).page); !done) return done;
  return tell("what others link to is trashed", {fmt::format("product {}, in Notion", shown(records_.name(trashed_)))},
              {*lives});
}

Status DemoChanges::delete_row() {
  const auto task = records_.first("Task", Side::supabase,
                                   [](const DemoRecord& record) { return links_some(record, "Parent Task"); });
  auto lives = watch(task, "");
  if (!lives) return fail(lives.error());
  const PairSpec& pair = *demo_pair(session_.config(), "Task");
  auto done = world_.sql(fmt::format("delete from {} where {} = $1::text::uuid", pair.table, pair.key),
                         {records_.half(task).key});
  if (!done) return done;
  return tell("a row is deleted", {"delete from tasks where id = …"}, {*lives});
}

Status DemoChanges::trash_page() {
  const auto rule = records_.first("DataTransformation", Side::notion, [](const DemoRecord&) { return true; });
  auto lives = watch(rule, "");
  if (!lives) return fail(lives.error());
  if (auto done = world_.trash_page(records_.half(rule).page); !done) return done;
  return tell("a page is trashed", {"in Notion, with its links in three join tables"}, {*lives});
}

Status DemoChanges::restore() {
  stories_.clear();
  auto lives = watch(trashed_, "", std::string(demo_lives));
  auto link = watch(linked_to_trashed_, "Related Product/Service", records_.name(trashed_));
  if (!lives) return fail(lives.error());
  if (!link) return fail(link.error());
  auto done = world_.person("PATCH", "/v1/pages/" + records_.half(trashed_).page, json::object{{"in_trash", false}});
  if (!done) return fail(done.error());
  return tell("the product comes back", {"in Notion, out of the trash"}, {*lives, *link});
}

Status DemoChanges::look(std::vector<std::string>& faults) {
  for (auto& story : stories_) {
    for (auto& watched : story.watched) {
      auto after = records_.show(watched.record, watched.property);
      if (!after) return fail(after.error());
      watched.after = std::move(*after);
      const bool ends = watched.expected.empty() && watched.property.empty();
      const bool fits = ends ? watched.after.page == demo_in_trash && watched.after.row == demo_deleted
                             : watched.after.page == watched.expected && watched.after.row == watched.expected;
      if (!fits) {
        faults.push_back(fmt::format("{}: {} shows {} in Notion and {} in PostgreSQL", story.name, watched.property,
                                     shown(watched.after.page), shown(watched.after.row)));
      }
    }
  }
  return {};
}

}  // namespace rowpage
