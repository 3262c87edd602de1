#include "core/link_order.h"

#include <gtest/gtest.h>

namespace rowpage {
namespace {

PairSpec pair_of(const char* model) {
  PairSpec spec;
  spec.model = model;
  return spec;
}

Field& links(PairSpec& spec, const char* column, const char* to, Relation::Kind kind = Relation::Kind::column,
             bool required = false) {
  Field field;
  field.column = column;
  field.type = FieldType::relation;
  field.relation.kind = kind;
  field.relation.to = to;
  field.relation.required = required;
  spec.fields.push_back(field);
  return spec.fields.back();
}

std::string order_of(const std::vector<PairSpec>& specs) {
  std::vector<const PairSpec*> pointers;
  for (const auto& spec : specs) pointers.push_back(&spec);
  std::string text;
  for (const std::size_t at : link_order(pointers)) text += specs[at].model + " ";
  return text;
}

std::string cycle_of(const std::vector<PairSpec>& specs) {
  std::vector<const PairSpec*> pointers;
  for (const auto& spec : specs) pointers.push_back(&spec);
  return required_cycle(pointers);
}

TEST(LinkOrder, what_is_linked_to_comes_first_and_the_rest_stays_as_written) {
  std::vector<PairSpec> specs{pair_of("Task"), pair_of("Person"), pair_of("Tag")};
  links(specs[0], "owner_id", "Person");
  links(specs[0], "task_tags.task_id", "Tag", Relation::Kind::join);
  EXPECT_EQ(order_of(specs), "Person Tag Task ");
}

TEST(LinkOrder, a_back_end_orders_nothing_and_neither_does_a_link_to_the_same_or_to_an_absent_pair) {
  std::vector<PairSpec> specs{pair_of("Person"), pair_of("Task")};
  links(specs[0], "back:Tasks", "Task", Relation::Kind::back);
  links(specs[1], "parent_id", "Task");
  links(specs[1], "owner_id", "Person");
  links(specs[0], "city_id", "City");
  EXPECT_EQ(order_of(specs), "Person Task ");
}

TEST(LinkOrder, in_a_circle_the_required_link_decides_and_then_the_foreign_key) {
  std::vector<PairSpec> specs{pair_of("A"), pair_of("B")};
  links(specs[0], "b_id", "B", Relation::Kind::column, true);
  links(specs[1], "a_id", "A");
  EXPECT_EQ(order_of(specs), "B A ");
  specs = {pair_of("A"), pair_of("B")};
  links(specs[0], "b_id", "B");
  links(specs[1], "b_as.b_id", "A", Relation::Kind::join);
  EXPECT_EQ(order_of(specs), "B A ");
}

TEST(LinkOrder, of_several_circles_as_few_links_as_possible_are_late) {
  // B → W, W → A, A → B, A → D, D → W: cutting W → A opens all of them.
  std::vector<PairSpec> specs{pair_of("B"), pair_of("A"), pair_of("W"), pair_of("D")};
  links(specs[0], "b_w.b", "W", Relation::Kind::join);
  links(specs[1], "a_b.a", "B", Relation::Kind::join);
  links(specs[1], "a_d.a", "D", Relation::Kind::join);
  links(specs[2], "w_a.w", "A", Relation::Kind::join);
  links(specs[3], "d_w.d", "W", Relation::Kind::join);
  const std::string order = order_of(specs);
  EXPECT_EQ(order.substr(0, 2), "W ") << order;
  EXPECT_LT(order.find('B'), order.find('A')) << order;
  EXPECT_LT(order.find('D'), order.find('A')) << order;
}

TEST(RequiredCycle, is_named_link_by_link) {
  std::vector<PairSpec> specs{pair_of("A"), pair_of("B"), pair_of("C")};
  links(specs[0], "b_id", "B", Relation::Kind::column, true);
  links(specs[1], "c_id", "C", Relation::Kind::column, true);
  links(specs[2], "b_id", "B", Relation::Kind::column, true);
  EXPECT_EQ(cycle_of(specs), "B.c_id → C.b_id → B");
  specs[2].fields[0].relation.required = false;
  EXPECT_EQ(cycle_of(specs), "");
}

TEST(RequiredCycle, a_record_that_must_link_to_its_own_kind_is_one) {
  std::vector<PairSpec> specs{pair_of("A")};
  links(specs[0], "parent_id", "A", Relation::Kind::column, true);
  EXPECT_EQ(cycle_of(specs), "A.parent_id → A");
  specs[0].direction = Direction::to_notion;  // rows are not inserted
  EXPECT_EQ(cycle_of(specs), "");
}

}  // namespace
}  // namespace rowpage
