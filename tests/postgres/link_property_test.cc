// Whatever people and we do to links in whatever order: a link that differs from what the state says was agreed is
// announced by the queue, so no run can miss it; and our own links are never announced to their owner.
#include <rapidcheck.h>

#include <functional>
#include <map>
#include <set>

#include "postgres/relations_fixture.h"

namespace rowpage {
namespace {

using namespace testing;

class LinkProperty : public RelationsTest {
 protected:
  using Links = std::set<std::pair<std::size_t, std::size_t>>;  // (owner, other), by number

  void people_change(std::size_t from, std::size_t to, int what) {
    const std::string a = "'" + keys[from] + "'", b = "'" + keys[to] + "'";
    if (what == 0) {
      sql(direct, "insert into blocks (task_id, blocked_id) values (" + a + ", " + b + ") on conflict do nothing");
      links.emplace(from, to);
    } else if (what == 1) {
      sql(direct, "delete from blocks where task_id = " + a);
      std::erase_if(links, [&](const auto& one) { return one.first == from; });
    } else {
      sql(direct, "update blocks x set task_id = " + b + " where task_id = " + a +
                      " and not exists (select from blocks y where y.task_id = " + b +
                      " and y.blocked_id = x.blocked_id)");
      Links moved;
      for (const auto& one : links)
        moved.emplace(one.first == from && !links.contains({to, one.second}) ? to : one.first, one.second);
      links = moved;
    }
  }

  /// One run over one record: queue first, row second, then what we write; people may act in between.
  void we_sync(std::size_t who, std::size_t add, std::size_t drop, const std::function<void()>& meanwhile) {
    Item item{.key = keys[who]};
    for (const auto& change : changes(tasks)) {
      if (change.key == keys[who]) item.ack.push_back(change.id);
    }
    const Row row = read(tasks, keys[who]);
    item.link = link(tasks, keys[who]);
    item.link->row_shadow = row.values;
    meanwhile();
    item.row = RowWrite{.key = keys[who], .edges = {{blocks, {keys[add]}, {}}}};
    if (drop != add) item.row->edges[0].drop = {keys[drop]};
    stored(tasks, {item});
    links.emplace(who, add);
    if (drop != add) links.erase({who, drop});
  }

  void check() {
    std::map<std::string, std::set<std::size_t>> announced;
    for (const auto& change : changes(tasks)) announced[change.key].insert(change.fields.begin(), change.fields.end());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Row row = read(tasks, keys[i]);
      TextList mine, others;
      for (const auto& [from, to] : links) {
        if (from == i) mine.push_back(keys[to]);
        if (to == i) others.push_back(keys[from]);
      }
      RC_ASSERT(row.values[blocks] == make_list(mine));
      RC_ASSERT(row.values[blocked_by] == make_list(others));
      const Link agreed = link(tasks, keys[i]);
      for (const std::size_t field : {blocks, blocked_by}) {
        if (row.values[field] != agreed.row_shadow[field]) RC_ASSERT(announced[keys[i]].contains(field));
      }
    }
  }

  std::vector<std::string> keys;
  Links links;
};

INSTANTIATE_TEST_SUITE_P(Ways, LinkProperty, ::testing::Values(false), [](const auto&) { return "direct"; });

TEST_P(LinkProperty, every_difference_from_the_shadow_is_announced) {
  for (const char* name : {"a", "b", "c"}) keys.push_back(task(name).key);
  const bool held = rc::check([&] {
    const auto number = [] { return *rc::gen::inRange<std::size_t>(0, 3); };
    const int steps = *rc::gen::inRange(1, 5);
    for (int i = 0; i < steps; ++i) {
      if (*rc::gen::arbitrary<bool>()) {
        people_change(number(), number(), *rc::gen::inRange(0, 3));
      } else {
        const std::size_t from = number(), to = number();
        const int what = *rc::gen::inRange(0, 4);
        we_sync(number(), number(), number(), [&] {
          if (what < 3) people_change(from, to, what);
        });
      }
      check();
    }
  });
  EXPECT_TRUE(held);
}

TEST_P(LinkProperty, a_link_of_ours_that_nobody_else_touched_is_announced_to_the_other_end_alone) {
  for (const char* name : {"a", "b", "c"}) keys.push_back(task(name).key);
  forget_queue();
  we_sync(0, 1, 1, [] {});
  we_sync(0, 2, 1, [] {});
  for (const auto& change : changes(tasks)) {
    EXPECT_NE(change.key, keys[0]);
    EXPECT_THAT(change.fields, ::testing::ElementsAre(blocked_by));
  }
}

}  // namespace
}  // namespace rowpage
