// Where a long plan waits: what goes in comes out the same, also when it no longer fits the memory it may use.
#include "engine/spool.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rowpage {
namespace {

Value any_value() {
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return Null{};
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return static_cast<double>(*rc::gen::arbitrary<int>()) / 7;
    case 3:
      return *rc::gen::arbitrary<std::string>() + "x";
    case 4:
      return DateSpan{*rc::gen::arbitrary<std::int32_t>() * 1000LL,
                      *rc::gen::arbitrary<bool>() ? std::optional<Millis>(-5) : std::nullopt, true};
    default:
      return TextList{"a", *rc::gen::arbitrary<std::string>() + "b"};
  }
}

Values any_values() {
  Values values;
  for (int i = 0; i < 3; ++i) values.push_back(any_value());
  return values;
}

Times any_times() {
  if (*rc::gen::arbitrary<bool>()) return {};
  return {std::nullopt, *rc::gen::arbitrary<std::int32_t>(), std::nullopt};
}

RecordState any_state() {
  RecordState state;
  const auto coin = [] { return *rc::gen::arbitrary<bool>(); };
  const auto words = [] { return *rc::gen::arbitrary<std::string>(); };
  if (coin()) {
    Page page;
    page.id = words();
    page.created_ms = *rc::gen::arbitrary<std::int32_t>();
    page.edited_ms = -page.created_ms;
    page.in_trash = coin();
    page.is_archived = coin();
    page.parent = words();
    page.values = any_values();
    page.formatted = {1, 2};
    page.unreadable = {{2, words()}};
    page.nonce = words();
    page.row_id = words();
    page.checksum = words();
    state.page = page;
  }
  if (coin()) {
    Row row;
    row.key = words();
    row.version = words();
    if (coin()) row.updated_ms = *rc::gen::arbitrary<std::int32_t>();
    row.deleted = coin();
    row.values = any_values();
    row.unreadable = {{0, words()}};
    row.page_id = words();
    row.checksum = words();
    state.row = row;
  }
  if (coin()) {
    Link link;
    link.key = words();
    link.page_id = words();
    link.nonce = words();
    link.page_shadow = any_values();
    link.row_shadow = any_values();
    link.page_live = coin();
    link.row_live = coin();
    link.page_edited_ms = *rc::gen::arbitrary<std::int32_t>();
    link.page_seen = any_times();
    link.row_seen = any_times();
    if (coin()) link.choices = {{1, Side::supabase}, {0, Side::notion}};
    if (coin()) link.unsettled = {0, 2};
    state.link = link;
  }
  state.page_presumed = coin();
  state.page_left = words();
  state.derived = coin();
  state.targets = *rc::gen::container<std::vector<Target>>(
      rc::gen::build<Target>(rc::gen::set(&Target::field, rc::gen::inRange<std::size_t>(0, 5)),
                             rc::gen::set(&Target::page_id), rc::gen::set(&Target::ref), rc::gen::set(&Target::key),
                             rc::gen::set(&Target::live), rc::gen::set(&Target::seen)));
  state.errands = *rc::gen::container<std::vector<Errand>>(rc::gen::build<Errand>(
      rc::gen::set(&Errand::kind, rc::gen::element(Errand::Kind::await_page, Errand::Kind::look, Errand::Kind::drop)),
      rc::gen::set(&Errand::schema), rc::gen::set(&Errand::table), rc::gen::set(&Errand::key),
      rc::gen::set(&Errand::page_id), rc::gen::set(&Errand::field), rc::gen::set(&Errand::other),
      rc::gen::set(&Errand::to_schema), rc::gen::set(&Errand::to_table)));
  state.page_times = any_times();
  state.row_times = any_times();
  if (coin()) state.captured = {1, 1'000'000'000'000, 3};
  state.ambiguous = words();
  state.adopting = coin();
  state.orphan_of = words();
  if (coin()) state.orphan_intended = {{1, any_value()}};
  state.due = coin();
  state.copied_page = coin();
  if (coin()) {
    Pending open;
    open.nonce = words();
    open.kind = *rc::gen::element(RequestKind::create, RequestKind::update, RequestKind::trash, RequestKind::restore);
    open.key = words();
    open.page_id = words();
    open.intended = {{0, any_value()}};
    open.found = {{2, any_value()}};
    open.noted_ms = 1;
    open.send_by_ms = 2;
    state.open = {open};
  }
  return state;
}

void expect_same(const RecordState& a, const RecordState& b) {
  RC_ASSERT(a.page.has_value() == b.page.has_value());
  if (a.page) {
    RC_ASSERT((a.page->values == b.page->values));
    RC_ASSERT(a.page->id == b.page->id);
    RC_ASSERT(a.page->created_ms == b.page->created_ms);
    RC_ASSERT(a.page->edited_ms == b.page->edited_ms);
    RC_ASSERT(a.page->in_trash == b.page->in_trash);
    RC_ASSERT(a.page->is_archived == b.page->is_archived);
    RC_ASSERT(a.page->parent == b.page->parent);
    RC_ASSERT(a.page->formatted == b.page->formatted);
    RC_ASSERT(a.page->unreadable.size() == b.page->unreadable.size());
    RC_ASSERT(a.page->unreadable.front().why == b.page->unreadable.front().why);
    RC_ASSERT(a.page->nonce == b.page->nonce);
    RC_ASSERT(a.page->row_id == b.page->row_id);
    RC_ASSERT(a.page->checksum == b.page->checksum);
  }
  RC_ASSERT(a.row.has_value() == b.row.has_value());
  if (a.row) {
    RC_ASSERT((a.row->values == b.row->values));
    RC_ASSERT(a.row->key == b.row->key);
    RC_ASSERT(a.row->version == b.row->version);
    RC_ASSERT(a.row->updated_ms == b.row->updated_ms);
    RC_ASSERT(a.row->deleted == b.row->deleted);
    RC_ASSERT(a.row->unreadable.front().why == b.row->unreadable.front().why);
    RC_ASSERT(a.row->page_id == b.row->page_id);
    RC_ASSERT(a.row->checksum == b.row->checksum);
  }
  RC_ASSERT(a.link.has_value() == b.link.has_value());
  if (a.link) {
    RC_ASSERT(a.link->key == b.link->key);
    RC_ASSERT(a.link->page_id == b.link->page_id);
    RC_ASSERT(a.link->nonce == b.link->nonce);
    RC_ASSERT((a.link->page_shadow == b.link->page_shadow));
    RC_ASSERT((a.link->row_shadow == b.link->row_shadow));
    RC_ASSERT(a.link->page_live == b.link->page_live);
    RC_ASSERT(a.link->row_live == b.link->row_live);
    RC_ASSERT(a.link->page_edited_ms == b.link->page_edited_ms);
    RC_ASSERT(a.link->page_seen == b.link->page_seen);
    RC_ASSERT(a.link->row_seen == b.link->row_seen);
    RC_ASSERT((a.link->choices == b.link->choices));
    RC_ASSERT(a.link->unsettled == b.link->unsettled);
  }
  RC_ASSERT(a.page_presumed == b.page_presumed);
  RC_ASSERT(a.page_left == b.page_left);
  RC_ASSERT(a.derived == b.derived);
  RC_ASSERT(a.targets == b.targets);
  RC_ASSERT(a.errands == b.errands);
  RC_ASSERT(a.page_times == b.page_times);
  RC_ASSERT(a.row_times == b.row_times);
  RC_ASSERT(a.captured == b.captured);
  RC_ASSERT(a.ambiguous == b.ambiguous);
  RC_ASSERT(a.adopting == b.adopting);
  RC_ASSERT(a.orphan_of == b.orphan_of);
  RC_ASSERT((a.orphan_intended == b.orphan_intended));
  RC_ASSERT(a.due == b.due);
  RC_ASSERT(a.copied_page == b.copied_page);
  RC_ASSERT(a.open.size() == b.open.size());
  if (!a.open.empty()) {
    RC_ASSERT(a.open[0].nonce == b.open[0].nonce);
    RC_ASSERT(a.open[0].kind == b.open[0].kind);
    RC_ASSERT((a.open[0].intended == b.open[0].intended));
  }
}

RC_GTEST_PROP(Spool, gives_back_what_was_put_in, ()) {
  std::vector<RecordState> states;
  Spool spool;
  for (int i = 0; i < 4; ++i) {
    states.push_back(any_state());
    RC_ASSERT(spool.add(states.back()).has_value());
  }
  for (const std::size_t i : {3U, 0U, 2U, 1U}) {
    const auto read = spool.at(i);
    RC_ASSERT(read.has_value());
    expect_same(states[i], *read);
  }
}

RecordState numbered(std::size_t number, std::size_t bytes) {
  RecordState state;
  state.page_left = std::to_string(number);
  state.page = Page{};
  state.page->values = {std::string(bytes, 'x')};
  return state;
}

TEST(Spool, holds_more_than_its_memory_in_order_and_out_of_order) {
  Spool spool;
  constexpr std::size_t count = 2'000;
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(spool.add(numbered(i, 10'000)));
  EXPECT_EQ(spool.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto state = spool.at(i);
    ASSERT_TRUE(state);
    ASSERT_EQ(state->page_left, std::to_string(i));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = i * 7'919 % count;
    ASSERT_EQ(spool.at(number)->page_left, std::to_string(number));
  }
}

TEST(Spool, may_be_read_between_additions) {
  Spool spool;
  for (std::size_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(spool.add(numbered(i, 5'000)));
    ASSERT_EQ(spool.at(i / 2)->page_left, std::to_string(i / 2));
    ASSERT_EQ(spool.at(i)->page_left, std::to_string(i));
  }
}

TEST(Spool, holds_one_state_larger_than_its_buffer) {
  Spool spool;
  ASSERT_TRUE(spool.add(numbered(0, 5'000'000)));
  ASSERT_TRUE(spool.add(numbered(1, 10)));
  EXPECT_EQ(std::get<std::string>(spool.at(0)->page->values[0]).size(), 5'000'000);
  EXPECT_EQ(spool.at(1)->page_left, "1");
}

RC_GTEST_PROP(IdSet, is_a_set, (const std::vector<std::string>& ids)) {
  IdSet set;
  std::set<std::string> known;
  for (const auto& id : ids) RC_ASSERT(set.insert(id) == known.insert(id).second);
  for (const auto& id : ids) RC_ASSERT(set.contains(id));
  RC_ASSERT(!set.contains("never put in"));
  RC_ASSERT(set.size() == known.size());
}

TEST(IdSet, grows) {
  IdSet set;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(set.insert("page-" + std::to_string(i)));
  EXPECT_EQ(set.size(), 100'000);
  EXPECT_FALSE(set.insert("page-77777"));
}

}  // namespace
}  // namespace rowpage
