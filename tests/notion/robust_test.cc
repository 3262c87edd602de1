// Whatever JSON comes back, reading it ends in a value or an error.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "notion/client.h"
#include "notion/codec.h"
#include "notion/errors.h"
#include "notion/scripted.h"
#include "notion/source.h"

namespace rowpage {
namespace {

json::value any_json(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 9 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return 1.5;
    case 4:
      return json::string(
          *rc::gen::element<std::string>("page", "title", "2026-11-20", "2026-11-20T09:00:00", "", "%3", "x"));
    case 5:
      return json::string(*rc::gen::string<std::string>());
    case 6:
      return json::array{any_json(depth - 1), any_json(depth - 1)};
    default: {
      json::object object;
      const int count = *rc::gen::inRange(0, 6);
      for (int i = 0; i < count; ++i) {
        object[*rc::gen::element<std::string>("id", "type", "title", "rich_text", "number", "select", "date", "start",
                                              "name", "text", "plain_text", "properties", "results", "parent",
                                              "has_more")] = any_json(depth - 1);
      }
      return object;
    }
  }
}

// One member somewhere in a good answer replaced by anything.
void damage(json::value& value, int depth) {
  if (auto* object = value.if_object(); object && !object->empty() && depth > 0) {
    auto member = object->begin() + *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(object->size()));
    if (*rc::gen::inRange(0, 4) == 0) {
      object->erase(member);
    } else {
      damage(member->value(), depth - 1);
    }
  } else if (auto* array = value.if_array(); array && !array->empty() && depth > 0) {
    damage((*array)[*rc::gen::inRange<std::size_t>(0, array->size())], depth - 1);
  } else {
    value = any_json(2);
  }
}

RC_GTEST_PROP(Robust, no_property_is_too_strange, ()) {
  const json::value property = any_json(4);
  for (const FieldType type :
       {FieldType::title, FieldType::number, FieldType::select, FieldType::multi_select, FieldType::date,
        FieldType::checkbox, FieldType::url, FieldType::created_time, FieldType::unique_id, FieldType::json}) {
    const Decoded decoded = decode(type, false, property);
    RC_ASSERT(decoded.unreadable.empty() || is_null(decoded.value));
  }
}

RC_GTEST_PROP(Robust, a_damaged_page_is_read_refused_or_in_doubt_but_never_misread, ()) {
  json::value object = bean(page_a, "Kenya", 18.5);
  damage(object, 6);
  const auto read = read_page(beans(), object);
  if (!read || read->partial) return;
  RC_ASSERT(read->page.values.size() == 3U);
  for (const auto& trouble : read->page.unreadable) RC_ASSERT(is_null(read->page.values[trouble.field]));
}

RC_GTEST_PROP(Robust, any_answer_to_anything_ends_in_a_result, ()) {
  const json::value good = listing({bean(page_a, "Kenya"), bean(page_b, "Peru")}, "next");
  json::value bad = good;
  damage(bad, 7);
  Stage stage;
  for (int i = 0; i < 8; ++i) stage.then(answer(200, bad));
  (void)stage.client.list(beans(), {});
  (void)read_source(bad);
  (void)trouble_of({Method::get, "/v1/x", nullptr}, answer(*rc::gen::inRange(100, 600), any_json(4)), {});
}

}  // namespace
}  // namespace rowpage
