#include "cli/source_cache.h"

#include <gtest/gtest.h>

namespace rowpage {
namespace {

SourceSchema tasks() {
  SourceSchema source;
  source.data_source = "50000000-0000-4000-8000-000000000005";
  source.database = "d0000000-0000-4000-8000-00000000000d";
  source.title = "Tasks";
  source.properties = {{"title", "Name", "title", {}, {}, {}},
                       {"s:t", "Status", "select", {"Open", "Done"}, {}, {}},
                       {"pRoJ", "Project", "relation", {}, "60000000-0000-4000-8000-000000000006", "t;s<"}};
  return source;
}

TEST(SourceCache, keeps_what_a_relation_leads_to_and_its_other_end) {
  const Secret token("ntn_secret");
  const auto cached = read_cache(cache_text(tasks(), {"bot", {}, {}, {}}, token), token);
  ASSERT_TRUE(cached);
  const auto wanted = tasks();
  ASSERT_EQ(cached->source.properties.size(), wanted.properties.size());
  for (std::size_t i = 0; i < wanted.properties.size(); ++i) {
    EXPECT_EQ(cached->source.properties[i].id, wanted.properties[i].id);
    EXPECT_EQ(cached->source.properties[i].options, wanted.properties[i].options);
    EXPECT_EQ(cached->source.properties[i].target, wanted.properties[i].target);
    EXPECT_EQ(cached->source.properties[i].synced_id, wanted.properties[i].synced_id);
  }
}

TEST(SourceCache, of_a_time_that_kept_no_targets_is_read_anew) {
  const Secret token("ntn_secret");
  auto source = tasks();
  source.properties[2].target.clear();
  EXPECT_FALSE(read_cache(cache_text(source, {"bot", {}, {}, {}}, token), token));
}

TEST(SourceCache, of_another_token_counts_for_nothing) {
  EXPECT_FALSE(read_cache(cache_text(tasks(), {"bot", {}, {}, {}}, Secret("one")), Secret("another")));
}

}  // namespace
}  // namespace rowpage
