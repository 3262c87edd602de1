#include "sandbox/links.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rowpage::sandbox {
namespace {

std::vector<Id> in_order(const std::vector<unsigned>& numbers) {
  std::vector<Id> ids;
  for (const auto number : numbers) ids.push_back({1, number});
  return ids;
}

// Many versions, each made from any earlier one, agree for ever with plain lists kept beside them.
RC_GTEST_PROP(Links, every_version_stays_what_it_was, ()) {
  const unsigned different = *rc::gen::inRange(1U, 90U);
  std::vector<Links> versions(1);
  std::vector<std::vector<unsigned>> plain(1);
  const int changes = *rc::gen::inRange(0, 400);
  for (int i = 0; i < changes; ++i) {
    // Mostly from the newest, as pages do it.
    const bool newest = *rc::gen::inRange(0, 10) != 0;
    const std::size_t from = newest ? versions.size() - 1 : *rc::gen::inRange<std::size_t>(0, versions.size());
    const unsigned number = *rc::gen::inRange(0U, different);
    const bool add = *rc::gen::inRange(0, 5) < 3;
    const Links& links = versions[from];
    std::vector<unsigned> list = plain[from];
    const auto found = std::ranges::find(list, number);
    RC_ASSERT(links.contains({1, number}) == (found != list.end()));
    if (add && found == list.end()) list.push_back(number);
    if (!add && found != list.end()) list.erase(found);
    versions.push_back(add ? links.with({1, number}) : links.without({1, number}));
    plain.push_back(std::move(list));
  }
  for (std::size_t i = 0; i < versions.size(); ++i) {
    RC_ASSERT(versions[i].all() == in_order(plain[i]));
    RC_ASSERT(versions[i].size() == plain[i].size());
    RC_ASSERT(versions[i].empty() == plain[i].empty());
  }
}

TEST(Links, keep_their_order_and_no_doubles) {
  const std::vector<Id> ids = {{1, 3}, {1, 1}, {1, 3}, {1, 2}};
  EXPECT_EQ(Links(ids).all(), in_order({3, 1, 2}));
}

TEST(Links, are_visited_until_a_visit_has_enough) {
  const Links links(in_order({1, 2, 3, 4}));
  std::size_t seen = 0;
  links.each([&](const Id&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2U);
}

}  // namespace
}  // namespace rowpage::sandbox
