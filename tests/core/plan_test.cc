// Laws of the planner: it comes to an end, and the order in which fields are listed means nothing.
#include "core/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/make.h"

namespace rowpage {
namespace {

// --- random records

RecordState any_state(const Pair& pair) {
  const std::size_t fields = pair.fields.size();
  RecordState state;
  const bool linked = *rc::gen::arbitrary<bool>();
  if (!linked || *rc::gen::arbitrary<bool>()) {
    Page page;
    page.id = "page";
    page.values = *gen::small_values(fields);
    page.edited_ms = *gen::minute();
    page.in_trash = linked && *rc::gen::arbitrary<bool>();
    state.page = page;
  } else {
    state.page_presumed = true;
  }
  if (linked ? *rc::gen::inRange(0, 4) != 0 : *rc::gen::arbitrary<bool>()) {
    Row row;
    row.key = "key";
    row.version = "1";
    row.values = *gen::small_values(fields);
    row.updated_ms = *gen::minute();
    row.deleted = !pair.book.deleted_at_column.empty() && *rc::gen::inRange(0, 4) == 0;
    state.row = row;
  }
  if (linked) {
    Link link;
    link.key = "key";
    link.page_id = "page";
    link.page_shadow = *gen::small_values(fields);
    link.row_shadow = *gen::small_values(fields);
    link.page_live = *rc::gen::inRange(0, 4) != 0;
    link.row_live = *rc::gen::inRange(0, 4) != 0;
    state.link = link;
  }
  return state;
}

Pair any_pair(std::size_t fields) {
  Pair pair = text_pair(fields);
  pair.direction = *rc::gen::element(Direction::both, Direction::both, Direction::to_notion, Direction::to_supabase);
  for (auto& field : pair.fields) {
    field.direction =
        pair.direction != Direction::both
            ? pair.direction
            : *rc::gen::element(Direction::both, Direction::both, Direction::to_notion, Direction::to_supabase);
  }
  pair.conflict.prefer = *rc::gen::element(Prefer::newest, Prefer::notion, Prefer::supabase, Prefer::ask);
  pair.deletes = *rc::gen::element(Deletes::soft, Deletes::soft, Deletes::hard, Deletes::ignore);
  pair.drift = *rc::gen::element(Drift::report, Drift::revert);
  if (*rc::gen::inRange(0, 3) == 0) pair.book.deleted_at_column.clear();
  return pair;
}

PlanOptions any_options() {
  PlanOptions options;
  options.first = *rc::gen::element(First::ask, First::newest, First::notion, First::supabase);
  return options;
}

RecordState linked(const char* page, const char* row) {
  RecordState state;
  state.page = Page{};
  state.page->id = "page";
  state.page->values = {text(page)};
  state.row = Row{};
  state.row->key = "key";
  state.row->values = {text(row)};
  state.link = Link{};
  state.link->key = "key";
  state.link->page_id = "page";
  state.link->page_shadow = state.link->row_shadow = {text("base")};
  return state;
}

// --- a world in which every action succeeds

void set(Values& values, const std::vector<Change>& changes) {
  for (const auto& [field, value] : changes) values[field] = value;
}

RecordState succeeded(const Pair& pair, RecordState state, const Action& action) {
  if (!state.page) {  // what was presumed is there
    Page page;
    page.id = "page";
    page.values = state.link ? state.link->page_shadow : Values(pair.fields.size());
    page.in_trash = state.link && !state.link->page_live;
    if (state.link) state.page = page;
    state.page_presumed = false;
  }
  switch (action.row_op) {
    case RowOp::none:
      break;
    case RowOp::insert:
      state.row = Row{};
      state.row->key = "key";
      state.row->values = Values(pair.fields.size());
      break;
    case RowOp::soft_delete:
      state.row->deleted = !pair.book.deleted_at_column.empty();
      break;
    case RowOp::hard_delete:
      state.row.reset();
      break;
    case RowOp::restore:
      state.row->deleted = false;
      break;
    case RowOp::update:
      break;
  }
  if (state.row) set(state.row->values, action.row_set);
  switch (action.page_op) {
    case PageOp::none:
      break;
    case PageOp::create:
      state.page = Page{};
      state.page->id = "page";
      state.page->values = Values(pair.fields.size());
      break;
    case PageOp::trash:
      state.page->in_trash = true;
      break;
    case PageOp::restore:
      state.page->in_trash = false;
      break;
    case PageOp::update:
      break;
  }
  const bool carried = action.page_op == PageOp::create || action.page_op == PageOp::update;
  if (carried) set(state.page->values, action.page_set);

  if (!state.link) {
    Link link;
    link.key = "key";
    link.page_id = "page";
    link.page_shadow = link.row_shadow = Values(pair.fields.size());
    for (std::size_t i = 0; i < pair.fields.size(); ++i) link.unsettled.push_back(i);
    state.link = link;
  }
  Link& link = *state.link;
  const auto both_show = [&](std::size_t i) {
    link.page_shadow[i] = state.page->values[i];
    if (state.row) link.row_shadow[i] = state.row->values[i];
    std::erase(link.unsettled, i);
  };
  for (const std::size_t i : action.agreed) both_show(i);
  for (const auto& change : action.row_set) both_show(change.field);
  if (carried) {
    for (const auto& change : action.page_set) both_show(change.field);
  }
  if (action.row_op == RowOp::insert || action.page_op == PageOp::create) {
    for (std::size_t i = 0; i < pair.fields.size(); ++i) both_show(i);
  }
  const bool gone = action.close || action.row_op == RowOp::soft_delete || action.row_op == RowOp::hard_delete ||
                    action.page_op == PageOp::trash;
  if (gone) link.page_live = link.row_live = false;
  if (action.link_new || action.row_op == RowOp::insert || action.row_op == RowOp::restore ||
      action.page_op == PageOp::create || action.page_op == PageOp::restore) {
    link.page_live = link.row_live = true;
  }
  return state;
}

RC_GTEST_PROP(Plan, comes_to_an_end_within_three_rounds, ()) {
  const Pair pair = any_pair(2);
  const PlanOptions options = any_options();
  RecordState state = any_state(pair);
  for (int round = 0; round < 3; ++round) {
    const Action action = decide(pair, state, options);
    if (!action.writes() && !action.link_new && !action.close && action.agreed.empty()) return;
    state = succeeded(pair, std::move(state), action);
  }
  const Action last = decide(pair, state, options);
  RC_LOG() << name_of(last.row_op) << " " << name_of(last.page_op);
  RC_ASSERT(!last.writes());
}

RC_GTEST_PROP(Plan, does_not_depend_on_the_order_of_the_fields, ()) {
  const Pair pair = any_pair(3);
  const PlanOptions options = any_options();
  const RecordState state = any_state(pair);
  const std::vector<std::size_t> order = {2, 0, 1};
  const auto turned = [&](const Values& values) {
    Values other;
    for (const std::size_t i : order) other.push_back(values[i]);
    return other;
  };
  Pair other_pair = pair;
  for (std::size_t i = 0; i < order.size(); ++i) other_pair.fields[i] = pair.fields[order[i]];
  RecordState other = state;
  if (other.page) other.page->values = turned(other.page->values);
  if (other.row) other.row->values = turned(other.row->values);
  if (other.link) {
    other.link->page_shadow = turned(other.link->page_shadow);
    other.link->row_shadow = turned(other.link->row_shadow);
  }
  const Action here = decide(pair, state, options);
  const Action there = decide(other_pair, other, options);
  RC_ASSERT(here.row_op == there.row_op);
  RC_ASSERT(here.page_op == there.page_op);
  RC_ASSERT(here.link_new == there.link_new);
  RC_ASSERT(here.close == there.close);
  RC_ASSERT(here.park.has_value() == there.park.has_value());
  const auto named = [](const Pair& names, const std::vector<Change>& changes) {
    std::vector<std::pair<std::string, Value>> all;
    for (const auto& [field, value] : changes) all.emplace_back(names.fields[field].column, value);
    std::ranges::sort(all, {}, &std::pair<std::string, Value>::first);
    return all;
  };
  RC_ASSERT(named(pair, here.row_set) == named(other_pair, there.row_set));
  RC_ASSERT(named(pair, here.page_set) == named(other_pair, there.page_set));
  RC_ASSERT(here.conflicts.size() == there.conflicts.size());
  RC_ASSERT(here.agreed.size() == there.agreed.size());
}

RC_GTEST_PROP(Plan, writes_no_side_that_is_read_only_for_the_run, ()) {
  const Pair pair = any_pair(2);
  PlanOptions options = any_options();
  options.direction = *rc::gen::element(Direction::to_notion, Direction::to_supabase);
  const Action action = decide(pair, any_state(pair), options);
  if (options.direction == Direction::to_notion) RC_ASSERT(action.row_op == RowOp::none);
  if (options.direction == Direction::to_supabase) RC_ASSERT(action.page_op == PageOp::none);
}

RC_GTEST_PROP(Plan, gives_a_reason_for_everything_it_writes, ()) {
  const Pair pair = any_pair(2);
  const Action action = decide(pair, any_state(pair), any_options());
  if (action.writes()) RC_ASSERT(!action.all_reasons().empty());
}

RC_GTEST_PROP(Plan, logs_every_changed_value_it_overwrites, ()) {
  const Pair pair = any_pair(2);
  RecordState state = linked("", "");
  state.page->values = *gen::small_values(2);
  state.row->values = *gen::small_values(2);
  state.link->page_shadow = *gen::small_values(2);
  state.link->row_shadow = *gen::small_values(2);
  const Action action = decide(pair, state, any_options());
  for (const auto& change : action.row_set) {
    const bool changed = state.row->values[change.field] != state.link->row_shadow[change.field];
    if (changed && change.value != state.row->values[change.field])
      RC_ASSERT(std::ranges::find(action.conflicts, change.field, &Conflict::field) != action.conflicts.end());
  }
  for (const auto& change : action.page_set) {
    const bool changed = state.page->values[change.field] != state.link->page_shadow[change.field];
    if (changed && change.value != state.page->values[change.field])
      RC_ASSERT(std::ranges::find(action.conflicts, change.field, &Conflict::field) != action.conflicts.end());
  }
}

// --- what waits

TEST(Plan, waits_while_a_request_about_the_record_is_open) {
  RecordState state = linked("new", "base");
  state.open.push_back({});
  const Action action = decide(text_pair(1), state, {});
  ASSERT_TRUE(action.park);
  EXPECT_EQ(action.park->kind, Parked::Kind::waiting);
  EXPECT_FALSE(action.writes());
}

TEST(Plan, holds_a_record_whose_page_has_left) {
  RecordState state = linked("new", "base");
  state.page.reset();
  state.page_left = "moved";
  const Action action = decide(text_pair(1), state, {});
  ASSERT_TRUE(action.park);
  EXPECT_EQ(action.park->kind, Parked::Kind::held);
}

TEST(Plan, parks_a_record_one_of_whose_fields_cannot_be_read_rather_than_emptying_it) {
  RecordState state = linked("base", "base");
  state.page->values[0] = Null{};
  state.page->unreadable.push_back({0, "the page shows no such property"});
  const Action action = decide(text_pair(1), state, {});
  ASSERT_TRUE(action.park);
  EXPECT_FALSE(action.writes());
}

TEST(Plan, parks_a_required_value_that_is_empty) {
  Pair pair = text_pair(1);
  pair.fields[0].type = FieldType::number;
  pair.fields[0].target.type = ColumnType::numeric;
  pair.fields[0].target.not_null = true;
  RecordState state = linked("", "");
  state.page->values = {Null{}};
  state.row->values = state.link->page_shadow = state.link->row_shadow = {Value(1.0)};
  const Action action = decide(pair, state, {});
  ASSERT_TRUE(action.park);
  EXPECT_THAT(action.park->reason, testing::HasSubstr("required"));
}

}  // namespace
}  // namespace rowpage
