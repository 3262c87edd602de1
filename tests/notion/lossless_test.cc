// What Rowpage does not keep of a recorded answer, fact by fact; everything else must come through.
//
// A recorded object is taken apart into facts: (kind, place, value), "select /name Kenya". What the program reads of it
// is spelled as the same kind of object again, by the codec that writes, and taken apart likewise. A fact that is
// missing then is a loss, and each kind of loss stands in recorded_losses.md with the reason why it may be lost. A row
// there that no recording needs fails as well.
//
// Facts are judged from the JSON alone. Spelling is no fact: how a text is cut into pieces, how a time names its
// offset, the order of options and links.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "core/text.h"
#include "core/time.h"
#include "notion/codec.h"
#include "notion/list_codec.h"
#include "notion/page.h"
#include "notion/source.h"

namespace rowpage {
namespace {

namespace fs = std::filesystem;

const fs::path root = ROWPAGE_SOURCE_DIR;
const fs::path recordings = root / "../shared/data/notion-recorded";

using Facts = std::set<std::pair<std::string, std::string>>;  // place, value

bool says_nothing(const json::value& value) {
  if (const auto* text = value.if_string()) return text->empty();
  return value.is_null() || (value.is_bool() && !value.get_bool());
}

std::string spelled(const json::value& value) {
  const auto* text = value.if_string();
  if (!text) return to_text(value);
  if (const auto time = text->size() >= 10 ? parse_time(*text) : std::nullopt) {
    return time->has_time ? format_utc(floor_minute(time->ms)) : format_day(time->ms);
  }
  const auto id = canonical_id(*text);
  return id.empty() ? std::string(*text) : id;
}

void collect(const json::value& value, const std::string& place, Facts& facts) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) collect(element, place + "/*", facts);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object) collect(inner, place + "/" + std::string(key), facts);
  } else if (!says_nothing(value)) {
    facts.emplace(place, spelled(value));
  }
}

// A text is one fact, its looks are others.
Facts text_facts(const json::value& pieces) {
  Facts facts;
  std::string text;
  for (const auto& piece : pieces.get_array()) {
    const auto* shown = find(piece, "plain_text");
    text += shown ? shown->get_string() : std::string_view(piece.at("text").at("content").get_string());
    Facts more;
    collect(piece, "/*", more);
    for (const auto& [place, value] : more) {
      const bool words =
          place == "/*/plain_text" || place == "/*/text/content" || (place == "/*/type" && value == "text");
      const bool plain = place == "/*/annotations/color" && value == "default";
      if (!words && !plain) facts.emplace(place, value);
    }
  }
  if (!text.empty()) facts.emplace("/text", text);
  return facts;
}

Facts facts_of(std::string_view wire, const json::value& value) {
  if ((wire == "title" || wire == "rich_text") && value.is_array()) return text_facts(value);
  Facts facts;
  collect(value, "", facts);
  return facts;
}

// What was read of a property, in Notion's spelling; null: it cannot be spelled.
json::value written(const Field& field, std::string_view wire, const Value& value) {
  if (!read_only(field.type) && field.type != FieldType::files) {
    auto out = encode(field.type, wire, value);
    EXPECT_TRUE(out) << (out ? "" : out.error().what);
    return out ? out->at(wire) : json::value();
  }
  const auto* text = std::get_if<std::string>(&value);
  switch (field.type) {
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return json::string(format_utc(std::get<DateSpan>(value).start_ms));
    case FieldType::unique_id: {
      if (const auto* number = std::get_if<double>(&value))
        return json::object{{"prefix", nullptr}, {"number", *number}};
      if (!text) return nullptr;
      const auto dash = text->rfind('-');
      return json::object{{"prefix", text->substr(0, dash)}, {"number", std::atoll(text->c_str() + dash + 1)}};
    }
    case FieldType::people:
    case FieldType::files: {
      json::array entries;
      for (std::string_view rest = text ? std::string_view(*text) : std::string_view(); !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (field.type == FieldType::people) {
          entries.push_back(json::object{{"name", line}, {"id", line}});  // a line is the name, or else the id
        } else if (line.starts_with(notion_file)) {
          entries.push_back(json::object{{"type", "file"}, {"name", line.substr(notion_file.size())}});
        } else {
          entries.push_back(json::object{{"type", "external"}, {"external", json::object{{"url", line}}}});
        }
      }
      return entries;
    }
    default:
      return nullptr;
  }
}

class Losses : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(recordings)) GTEST_SKIP() << "the recordings are not present beside the repository";
    std::ifstream table(root / "tests/notion/recorded_losses.md");
    for (std::string line; std::getline(table, line);) {
      if (!line.starts_with("| ") || line.starts_with("| kind") || line.starts_with("|--")) continue;
      const auto first = line.find(" | "), second = line.find(" | ", first + 3), end = line.rfind(" |");
      ASSERT_TRUE(second != std::string::npos && end > second + 3) << "a row without a reason: " << line;
      listed_.emplace(line.substr(2, first - 2) + " " + line.substr(first + 3, second - first - 3), 0);
    }
  }

  // The place itself, or the nearest place above that is listed with all below it.
  std::map<std::string, std::size_t>::iterator row_of(const std::string& kind, std::string place) {
    auto row = listed_.find(kind + " " + (place.empty() ? "/" : place));
    while (row == listed_.end() && place.find('/') != std::string::npos) {
      place.resize(place.rfind('/'));
      row = listed_.find(kind + " " + place + "/**");
    }
    return row;
  }

  // Notes what is in `had` and not in `kept`; true: something was lost.
  bool compare(const std::string& kind, const Facts& had, const Facts& kept, const std::string& where) {
    bool lost = false;
    for (const auto& [place, value] : had) {
      ++facts_;
      if (kept.contains({place, value})) continue;
      lost = true;
      ++lost_;
      const auto key = kind + " " + (place.empty() ? "/" : place);
      const auto row = row_of(kind, place);
      if (row != listed_.end()) {
        ++row->second;
      } else if (reported_.insert(key).second) {
        ADD_FAILURE() << "lost, and not in recorded_losses.md: | " << kind << " | " << (place.empty() ? "/" : place)
                      << " | (" << value << ", " << where << ")";
      }
    }
    return lost;
  }

  void read_one_page(const json::value& object, const std::string& where) {
    const auto* properties = find_object(object, "properties");
    if (!properties) return;
    Pair pair;
    for (const auto& [name, property] : *properties) {
      const auto wire = find_string(property, "type");
      Field field;
      field.property = name;
      field.property_id = decode_id(find_string(property, "id"));
      if (const auto type = field_type(wire)) {
        field.type = *type;
        pair.fields.push_back(std::move(field));
      } else {
        compare(std::string(wire), {{"", "whole"}}, {}, where);
      }
    }
    const auto read = read_page(pair, object);
    ASSERT_TRUE(read) << where;
    for (std::size_t i = 0; i < pair.fields.size(); ++i) {
      const auto& property = properties->at(pair.fields[i].property);
      const auto wire = find_string(property, "type");
      const auto& value = read->page.values[i];
      const bool lost = compare(std::string(wire), facts_of(wire, *find(property, wire)),
                                is_null(value) ? Facts{} : facts_of(wire, written(pair.fields[i], wire, value)), where);
      // The looks of a text are lost with open eyes: a write over them is announced.
      const bool text = wire == "title" || wire == "rich_text";
      const bool known = std::ranges::find(read->page.formatted, i) != read->page.formatted.end();
      if (text) EXPECT_EQ(lost, known) << where << " " << to_text(property);
      // What Notion shows in part is known to be a part.
      const bool cut = std::ranges::find(read->cut, i) != read->cut.end();
      if (find_bool(property, "has_more")) EXPECT_TRUE(cut) << where << " " << to_text(property);
    }
    json::object rest = object.get_object();
    rest.erase("properties");
    Facts had, kept;
    collect(rest, "", had);
    const auto& page = read->page;
    json::object spelled{{"object", "page"},
                         {"id", page.id},
                         {"created_time", format_utc(page.created_ms)},
                         {"last_edited_time", format_utc(page.edited_ms)},
                         {"in_trash", page.in_trash},
                         {"is_archived", page.is_archived}};
    if (!page.parent.empty())
      spelled["parent"] = json::object{{"data_source_id", page.parent}, {"type", "data_source_id"}};
    collect(spelled, "", kept);
    compare("page", had, kept, where);
  }

  void read_one_source(const json::value& object, const std::string& where) {
    if (!find_object(object, "properties")) return;
    const auto read = read_source(object);
    ASSERT_TRUE(read) << where;
    Facts had, kept;
    json::object rest = object.get_object();
    rest.erase("properties");
    rest.erase("title");
    collect(rest, "", had);
    collect(json::object{{"object", "data_source"},
                         {"id", read->data_source},
                         {"parent", json::object{{"type", "database_id"}, {"database_id", read->database}}}},
            "", kept);
    compare("data source", had, kept, where);
    compare("data source title", text_facts(object.at("title")), {{"/text", read->title}}, where);
    for (const auto& property : read->properties) {
      const auto& shown = object.at("properties").at(property.name);
      json::object settings;
      if (property.type == "relation") {
        settings["data_source_id"] = property.target;
        settings["type"] = property.synced_id.empty() ? "single_property" : "dual_property";
        if (!property.synced_id.empty()) {
          settings["dual_property"] = json::object{{"synced_property_id", encode_id(property.synced_id)}};
        }
      }
      json::array options;
      for (const auto& name : property.options) options.push_back(json::object{{"name", name}});
      settings["options"] = std::move(options);
      const json::object spelled{{"id", encode_id(property.id)},
                                 {"name", property.name},
                                 {"type", property.type},
                                 {property.type, std::move(settings)}};
      had.clear();
      kept.clear();
      collect(shown, "", had);
      collect(spelled, "", kept);
      compare("property " + property.type, had, kept, where);
    }
  }

  void visit(const json::value& value, const std::string& where) {
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array) visit(element, where);
    } else if (const auto* object = value.if_object()) {
      if (find_string(value, "object") == "page") read_one_page(value, where);
      if (find_string(value, "object") == "data_source") read_one_source(value, where);
      for (const auto& member : *object) visit(member.value(), where);
    }
  }

  std::map<std::string, std::size_t> listed_;
  std::set<std::string> reported_;
  std::size_t facts_ = 0, lost_ = 0;
};

TEST_F(Losses, of_recorded_pages_and_schemas_are_the_listed_ones) {
  for (const auto& entry : fs::directory_iterator(recordings)) {
    if (entry.path().extension() != ".jsonl" || entry.path().filename() == "webhooks.jsonl") continue;
    std::ifstream file(entry.path());
    std::string line;
    for (std::size_t number = 0; std::getline(file, line); ++number) {
      const auto exchange = parse_json(line);
      ASSERT_TRUE(exchange) << entry.path();
      visit(exchange->at("response"), fmt::format("{}:{}", entry.path().stem().string(), number));
    }
  }
  EXPECT_GT(facts_, 10'000U);
  for (const auto& [row, met] : listed_)
    EXPECT_GT(met, 0U) << "listed in recorded_losses.md, but nothing loses it: " << row;
  std::cout << fmt::format("contract: {} facts in recorded pages and schemas; {} are not kept, for {} listed reasons\n",
                           facts_, lost_, listed_.size());
}

}  // namespace
}  // namespace rowpage
