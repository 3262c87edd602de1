// Real answers of the service, recorded by public projects: each page, data source, database and error among them is
// read without loss or crash. Skipped where the recordings are not present.
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/errors.h"
#include "notion/list_codec.h"
#include "notion/page.h"
#include "notion/scripted.h"
#include "notion/source.h"

namespace rowpage {
namespace {

const std::filesystem::path folder = std::filesystem::path(ROWPAGE_SOURCE_DIR) / "../shared/data/notion-recorded";

template <class Visit>
void each_exchange(Visit visit) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl" || entry.path().filename() == "webhooks.jsonl") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const auto exchange = parse_json(line);
      ASSERT_TRUE(exchange) << entry.path() << ": " << exchange.error().what;
      SCOPED_TRACE(entry.path().filename().string());
      visit(*exchange);
    }
  }
}

// Every object of a kind, wherever it stands in an answer.
template <class Visit>
void each_object(const json::value& value, std::string_view kind, Visit& visit) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) each_object(element, kind, visit);
  } else if (const auto* object = value.if_object()) {
    if (find_string(value, "object") == kind) visit(value);
    for (const auto& member : *object) each_object(member.value(), kind, visit);
  }
}

class Recorded : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the recordings are not present beside the repository";
  }
};

// A pair that maps every property of a page by its own type.
Pair pair_of(const json::value& page) {
  Pair pair;
  for (const auto& [name, property] : *find_object(page, "properties")) {
    const auto type = field_type(find_string(property, "type"));
    if (!type) continue;
    Field field;
    field.property = name;
    field.property_id = decode_id(find_string(property, "id"));
    field.type = *type;
    pair.fields.push_back(std::move(field));
  }
  return pair;
}

// Whether a property shows nothing.
bool shows_nothing(const json::value& property) {
  const json::value* value = find(property, find_string(property, "type"));
  if (!value || value->is_null()) return true;
  if (const auto* text = value->if_string()) return text->empty();
  if (const auto* array = value->if_array()) {
    for (const auto& piece : *array) {
      for (const std::string_view part : {"plain_text", "name", "id"}) {
        if (!find_string(piece, part).empty()) return false;
      }
    }
    return true;
  }
  if (find_string(property, "type") == "unique_id") return find(*value, "number")->is_null();
  return false;
}

TEST_F(Recorded, every_page_is_read_whole) {
  std::size_t pages = 0;
  std::size_t values = 0;
  std::set<std::string> types;
  auto visit = [&](const json::value& object) {
    if (!find_object(object, "properties")) return;
    ++pages;
    const Pair pair = pair_of(object);
    const auto read = read_page(pair, object);
    ASSERT_TRUE(read) << to_text(object);
    EXPECT_FALSE(read->partial);
    EXPECT_EQ(read->page.id, canonical_id(find_string(object, "id")));
    for (const auto& trouble : read->page.unreadable)
      ADD_FAILURE() << pair.fields[trouble.field].property << ": " << trouble.why;
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      const json::value& property = find_object(object, "properties")->at(pair.fields[i].property);
      EXPECT_EQ(is_null(read->page.values[i]), shows_nothing(property)) << to_text(property);
      types.insert(std::string(find_string(property, "type")));
      ++values;
    }
  };
  each_exchange([&](const json::value& exchange) {
    if (const auto* response = find(exchange, "response")) each_object(*response, "page", visit);
  });
  EXPECT_GT(pages, 500U);
  EXPECT_GT(values, 1000U);
  EXPECT_EQ(types.size(), 17U);  // every type that travels
}

TEST_F(Recorded, what_was_read_can_be_written_and_reads_the_same) {
  std::size_t written = 0;
  auto visit = [&](const json::value& object) {
    if (!find_object(object, "properties")) return;
    const Pair pair = pair_of(object);
    const auto read = read_page(pair, object);
    ASSERT_TRUE(read);
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      const Field& field = pair.fields[i];
      if (read_only(field.type)) continue;
      const std::string_view wire = wire_type(field, field.property_id == "title");
      auto out = encode(field.type, wire, read->page.values[i]);
      if (const auto* text = std::get_if<std::string>(&read->page.values[i]);
          field.type == FieldType::files && text && text->find(notion_file) != std::string::npos) {
        ASSERT_FALSE(out) << *text;
        EXPECT_FALSE(out.error().hint.empty());
        continue;
      }
      ASSERT_TRUE(out) << out.error().what;
      if (auto* pieces = out->at(wire).if_array(); pieces && (wire == "title" || wire == "rich_text")) {
        for (auto& piece : *pieces) piece.as_object()["plain_text"] = piece.at("text").at("content");
      }
      out->as_object()["type"] = wire;
      EXPECT_EQ(decode(field, *out).value, read->page.values[i]) << to_text(*out);
      ++written;
    }
  };
  each_exchange([&](const json::value& exchange) {
    if (const auto* response = find(exchange, "response")) each_object(*response, "page", visit);
  });
  EXPECT_GT(written, 1000U);
}

TEST_F(Recorded, every_data_source_is_read_with_all_its_properties_and_ids) {
  std::size_t sources = 0, relations = 0;
  auto visit = [&](const json::value& object) {
    if (!find_object(object, "properties")) return;
    ++sources;
    const auto schema = read_source(object);
    ASSERT_TRUE(schema);
    EXPECT_EQ(schema->properties.size(), find_object(object, "properties")->size());
    for (const auto& property : schema->properties) {
      const json::value& shown = find_object(object, "properties")->at(property.name);
      EXPECT_EQ(encode_id(property.id), find_string(shown, "id"));
      EXPECT_EQ(property.type, find_string(shown, "type"));
      if (property.type != "relation") continue;
      ++relations;
      EXPECT_EQ(property.target, find_string(shown.at("relation"), "data_source_id"));
      const bool dual = find_string(shown.at("relation"), "type") == "dual_property";
      EXPECT_EQ(!property.synced_id.empty(), dual) << to_text(shown);
    }
  };
  each_exchange([&](const json::value& exchange) {
    if (const auto* response = find(exchange, "response")) each_object(*response, "data_source", visit);
  });
  EXPECT_GT(sources, 50U);
  EXPECT_GT(relations, 50U);
}

TEST_F(Recorded, every_error_has_an_effect_and_a_hint_where_one_helps) {
  std::size_t errors = 0;
  each_exchange([&](const json::value& exchange) {
    const json::value* status = find(exchange, "status");
    if (!status || !status->is_int64() || status->get_int64() < 400) return;
    ++errors;
    const bool writes = find_string(exchange, "method") == "PATCH";
    const ApiRequest request{writes ? Method::patch : Method::get, "/v1/x", nullptr, !writes};
    const json::value* body = find(exchange, "response");
    ApiResult result = web_page(static_cast<int>(status->get_int64()));
    if (body && body->is_object()) result = answer(static_cast<int>(status->get_int64()), *body);
    const auto trouble = trouble_of(request, result, {"x", Scope::record, "page"});
    ASSERT_TRUE(trouble);
    EXPECT_EQ(trouble->error.effect == Effect::none, !writes || result.status < 500) << to_text(exchange);
    if (result.status == 404) EXPECT_EQ(trouble->error.cause, Cause::not_found);
    if (result.status == 401) EXPECT_EQ(trouble->error.cause, Cause::unauthorised);
    EXPECT_EQ(trouble->error.what.find('\0'), std::string::npos);
  });
  EXPECT_GT(errors, 30U);
}

// A body cut anywhere is refused, not guessed at.
TEST_F(Recorded, half_an_answer_is_no_answer) {
  std::size_t cut = 0;
  each_exchange([&](const json::value& exchange) {
    const json::value* response = find(exchange, "response");
    if (!response || !response->is_object() || ++cut % 40 != 0) return;
    const std::string text = to_text(*response);
    for (std::size_t i = 0; i < text.size(); i += 1 + text.size() / 50) EXPECT_FALSE(parse_json(text.substr(0, i)));
  });
}

}  // namespace
}  // namespace rowpage
