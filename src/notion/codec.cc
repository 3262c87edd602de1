#include "notion/codec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "core/time.h"
#include "notion/list_codec.h"
#include "notion/transport.h"
#include "notion/zone.h"

namespace rowpage {
namespace {

bool is_text_type(std::string_view type) {
  return type == "title" || type == "rich_text";
}

bool is_option_type(std::string_view type) {
  return type == "select" || type == "status";
}

Decoded unreadable(std::string why) {
  Decoded decoded;
  decoded.unreadable = std::move(why);
  return decoded;
}

Decoded plain(Value value) {
  Decoded decoded;
  decoded.value = std::move(value);
  return decoded;
}

// Why a text cannot travel, if it cannot.
std::string fault_in(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "the text holds a NUL character, which PostgreSQL cannot store";
  if (text.find(half_character) != std::string_view::npos)
    return "the text holds half a character (a lone UTF-16 surrogate)";
  return {};
}

Decoded decode_string(const json::value& value) {
  if (value.is_null()) return {};
  const auto* text = value.if_string();
  if (!text) return unreadable("Notion shows something else than a text");
  if (std::string why = fault_in(*text); !why.empty()) return unreadable(std::move(why));
  return plain(make_text(std::string(*text)));
}

Decoded decode_option(const json::value& value) {
  if (value.is_null()) return {};
  const json::value* name = find(value, "name");
  return name ? decode_string(*name) : unreadable("Notion shows an option without a name");
}

Decoded decode_options(const json::value& value) {
  const auto* entries = value.if_array();
  if (!entries) return unreadable("Notion shows something else than a list of options");
  TextList names;
  for (const auto& entry : *entries) {
    Decoded option = decode_option(entry);
    if (!option.unreadable.empty()) return option;
    if (auto* name = std::get_if<std::string>(&option.value)) names.push_back(std::move(*name));
  }
  return plain(make_list(std::move(names)));
}

// One end of a date. Whole minutes: finer digits are neither shown nor kept dependably.
std::optional<Timestamp> decode_end(std::string_view text, std::string_view zone) {
  auto stamp = parse_time(text);
  if (!stamp) return std::nullopt;
  if (stamp->has_time && !stamp->has_zone && !zone.empty()) {
    const auto moment = from_zone(stamp->ms, zone);
    if (!moment) return std::nullopt;
    stamp->ms = *moment;
  }
  if (stamp->has_time) stamp->ms = floor_minute(stamp->ms);
  return stamp;
}

Decoded decode_date(const json::value& value) {
  if (value.is_null()) return {};
  const std::string_view start_text = find_string(value, "start");
  const std::string_view end_text = find_string(value, "end");
  const std::string_view zone = find_string(value, "time_zone");
  const auto start = decode_end(start_text, zone);
  if (!start) return unreadable(fmt::format("the date \"{}\" (zone \"{}\") cannot be read", start_text, zone));
  DateSpan span{start->ms, std::nullopt, start->has_time};
  if (!end_text.empty()) {
    const auto end = decode_end(end_text, zone);
    if (!end || end->has_time != start->has_time) {
      return unreadable(fmt::format("the date's end \"{}\" cannot be read", end_text));
    }
    span.end_ms = end->ms;
  }
  return plain(span);
}

Decoded decode_moment(const json::value& value) {
  const auto* text = value.if_string();
  const auto stamp = text ? parse_time(*text) : std::nullopt;
  if (!stamp) return unreadable("Notion shows no time");
  return plain(DateSpan{stamp->ms, std::nullopt, true});
}

Decoded decode_unique_id(const json::value& value) {
  const json::value* number = find(value, "number");
  if (!number || number->is_null()) return {};
  const auto figure = as_number(*number);
  if (!figure) return unreadable("Notion shows a unique id without a number");
  const std::string_view prefix = find_string(value, "prefix");
  if (prefix.empty()) return plain(*figure);
  return plain(fmt::format("{}-{}", prefix, number_text(*figure)));
}

// A number with more digits than a double holds would change on the way through one.
bool long_numbers(std::string_view text) {
  std::size_t run = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    run = digit ? run + 1 : (c == '.' ? run : 0);
    if (run > 15) return true;
  }
  return false;
}

// Text as JSON: compact with sorted keys, so that spelling does not count. What is not JSON is itself a JSON string.
std::string json_of(const std::string& text) {
  const Result<json::value> parsed = parse_json(text);
  if (!parsed) return to_text(json::string(text));
  return long_numbers(text) ? std::string(trim(text)) : canonical_text(*parsed);
}

// The reverse: a JSON string goes out as plain text, unless that text would come back as something else.
std::string text_of_json(const std::string& text) {
  const Result<json::value> parsed = parse_json(text);
  if (parsed && parsed->is_string()) {
    std::string inner(parsed->get_string());
    if (!inner.empty() && json_of(inner) == json_of(text)) return inner;
  }
  return text;
}

Decoded storable(Decoded decoded) {
  const auto* text = std::get_if<std::string>(&decoded.value);
  if (std::string why = text ? fault_in(*text) : std::string(); !why.empty()) return unreadable(std::move(why));
  return decoded;
}

Decoded decode_json(Decoded decoded) {
  if (auto* text = std::get_if<std::string>(&decoded.value)) *text = json_of(*text);
  return decoded;
}

bool accepts(FieldType type, bool as_text, std::string_view wire) {
  if (as_text || type == FieldType::title || type == FieldType::rich_text || type == FieldType::json)
    return is_text_type(wire);
  if (type == FieldType::select || type == FieldType::status) return is_option_type(wire);
  return wire == notion_type(type);
}

Error cannot(std::string what) {
  return {Effect::none, Scope::record, Cause::invalid, std::move(what), {}};
}

Error mismatch(FieldType type, const Value& value) {
  return cannot(fmt::format("{} is no value for a {} property", display(value), name_of(type)));
}

json::value wrap(std::string_view wire, json::value value) {
  return json::object{{wire, std::move(value)}};
}

Result<json::value> encode_option(const std::string& name) {
  if (name.find(',') != std::string::npos) return fail(cannot(fmt::format("the option \"{}\" holds a comma", name)));
  if (utf16_length(name) > 100)
    return fail(cannot(fmt::format("the option \"{}\" is longer than 100 characters", display(name))));
  return json::object{{"name", name}};
}

Result<json::value> encode_options(const TextList& names) {
  if (names.size() > options_per_write) {
    return fail(cannot(fmt::format("{} options, but Notion takes at most {} in one write and has no way to add to them",
                                   names.size(), options_per_write)));
  }
  json::array array;
  for (const auto& name : names) {
    Result<json::value> option = encode_option(name);
    if (!option) return option;
    array.push_back(std::move(*option));
  }
  return array;
}

json::value encode_date(const DateSpan& span) {
  const auto text = [&](Millis ms) { return span.has_time ? format_utc(floor_minute(ms)) : format_day(ms); };
  return json::object{{"start", text(span.start_ms)},
                      {"end", span.end_ms ? json::value(text(*span.end_ms)) : json::value()}};
}

// An emptied property, in the form its type asks for.
json::value encode_null(std::string_view wire) {
  if (is_text_type(wire) || wire == "multi_select" || wire == "relation" || wire == "files") return json::array();
  if (wire == "checkbox") return false;
  return nullptr;
}

}  // namespace

Decoded decode_text(const json::array& pieces) {
  Decoded decoded;
  std::string text;
  std::size_t mentions = 0;
  for (const auto& piece : pieces) {
    const std::string_view type = find_string(piece, "type", "text");
    const json::value* plain = find(piece, "plain_text");
    if (plain && plain->is_string()) {
      text += plain->get_string();
    } else if (const json::value* own = find(piece, "text")) {
      text += find_string(*own, "content");
    } else {
      return unreadable("Notion shows a piece of text without its text");
    }
    if (type == "mention") ++mentions;
    bool styled = type != "text" || !find_string(piece, "href").empty();
    if (const json::object* annotations = find_object(piece, "annotations")) {
      for (const auto& [name, value] : *annotations) {
        const auto* flag = value.if_bool();
        const auto* color = value.if_string();
        styled = styled || (flag && *flag) || (color && name == "color" && *color != "default");
      }
    }
    decoded.formatted = decoded.formatted || styled;
  }
  if (std::string why = fault_in(text); !why.empty()) return unreadable(std::move(why));
  decoded.cut = mentions >= mentions_inline;
  decoded.value = make_text(std::move(text));
  return decoded;
}

Decoded decode(FieldType type, bool as_text, const json::value& property) {
  const std::string_view wire = find_string(property, "type");
  const json::value* value = find(property, wire);
  if (!accepts(type, as_text, wire)) {
    return unreadable(fmt::format("the property is of type {} now, the mapping says {}", wire, name_of(type)));
  }
  if (!value) return unreadable("Notion shows the property without its value");
  if (is_text_type(wire)) {
    const auto* pieces = value->if_array();
    if (!pieces) return unreadable("Notion shows something else than a text");
    Decoded decoded = decode_text(*pieces);
    return type == FieldType::json ? decode_json(std::move(decoded)) : decoded;
  }
  switch (type) {
    case FieldType::number: {
      if (value->is_null()) return {};
      const auto number = as_number(*value);
      return number ? plain(*number) : unreadable("Notion shows something else than a number");
    }
    case FieldType::select:
    case FieldType::status:
      return decode_option(*value);
    case FieldType::multi_select:
      return decode_options(*value);
    case FieldType::date:
      return decode_date(*value);
    case FieldType::checkbox:
      return value->is_bool() ? plain(value->get_bool()) : unreadable("Notion shows something else than a checkbox");
    case FieldType::url:
    case FieldType::email:
    case FieldType::phone_number:
      return decode_string(*value);
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return decode_moment(*value);
    case FieldType::unique_id:
      return decode_unique_id(*value);
    case FieldType::relation: {
      Decoded decoded = decode_relation(*value);
      decoded.cut = find_bool(property, "has_more");
      return decoded;
    }
    case FieldType::people:
      return storable(decode_people(*value));
    case FieldType::files:
      return storable(decode_files(*value));
    default:
      return unreadable("this type of property does not travel");
  }
}

std::string plain_text(const json::value& property) {
  const json::array* pieces = find_array(property, find_string(property, "type"));
  if (!pieces) return {};
  const Decoded decoded = decode_text(*pieces);
  const auto* text = std::get_if<std::string>(&decoded.value);
  return text ? *text : std::string();
}

Result<json::value> encode_text(std::string_view text) {
  if (!valid_utf8(text)) return fail(cannot("the text is not UTF-8"));
  if (std::string why = fault_in(text); !why.empty()) return fail(cannot(std::move(why)));
  const auto pieces = split_utf16(text, text_piece_units);
  if (pieces.size() > text_pieces_max) {
    return fail(cannot(fmt::format("the text is {} characters long, Notion takes at most {} in one write",
                                   utf16_length(text), text_pieces_max * text_piece_units)));
  }
  json::array array;
  for (const std::string_view piece : pieces) {
    array.push_back(json::object{{"type", "text"}, {"text", json::object{{"content", piece}}}});
  }
  return array;
}

Result<json::value> encode(FieldType type, std::string_view wire, const Value& value) {
  if (read_only(type)) return fail(cannot(fmt::format("a {} property cannot be written", name_of(type))));
  if (is_null(value)) return wrap(wire, encode_null(wire));
  const auto* text = std::get_if<std::string>(&value);
  if (is_text_type(wire)) {
    if (!text) return fail(mismatch(type, value));
    Result<json::value> pieces = encode_text(type == FieldType::json ? text_of_json(*text) : *text);
    return pieces ? Result<json::value>(wrap(wire, std::move(*pieces))) : pieces;
  }
  switch (type) {
    case FieldType::number: {
      const auto* number = std::get_if<double>(&value);
      if (!number || !std::isfinite(*number)) return fail(mismatch(type, value));
      return wrap(wire, *number);
    }
    case FieldType::select:
    case FieldType::status: {
      if (!text) return fail(mismatch(type, value));
      Result<json::value> option = encode_option(*text);
      return option ? Result<json::value>(wrap(wire, std::move(*option))) : option;
    }
    case FieldType::multi_select: {
      const auto* names = std::get_if<TextList>(&value);
      if (!names) return fail(mismatch(type, value));
      Result<json::value> options = encode_options(*names);
      return options ? Result<json::value>(wrap(wire, std::move(*options))) : options;
    }
    case FieldType::date: {
      const auto* span = std::get_if<DateSpan>(&value);
      if (!span) return fail(mismatch(type, value));
      return wrap(wire, encode_date(*span));
    }
    case FieldType::checkbox: {
      const auto* flag = std::get_if<bool>(&value);
      if (!flag) return fail(mismatch(type, value));
      return wrap(wire, *flag);
    }
    case FieldType::url:
    case FieldType::email:
    case FieldType::phone_number: {
      if (!text) return fail(mismatch(type, value));
      const std::size_t most = type == FieldType::url ? 2000 : 200;
      if (utf16_length(*text) > most) {
        return fail(cannot(fmt::format("the {} is longer than {} characters", name_of(type), most)));
      }
      if (std::string why = fault_in(*text); !why.empty()) return fail(cannot(std::move(why)));
      return wrap(wire, json::string(*text));
    }
    case FieldType::relation: {
      const auto* ids = std::get_if<TextList>(&value);
      if (!ids) return fail(mismatch(type, value));
      Result<json::value> targets = encode_relation(*ids);
      return targets ? Result<json::value>(wrap(wire, std::move(*targets))) : targets;
    }
    case FieldType::files: {
      if (!text) return fail(mismatch(type, value));
      if (std::string why = fault_in(*text); !why.empty()) return fail(cannot(std::move(why)));
      Result<json::value> files = encode_files(*text);
      return files ? Result<json::value>(wrap(wire, std::move(*files))) : files;
    }
    default:
      return fail(mismatch(type, value));
  }
}

std::string_view wire_type(const Field& field, bool is_title) {
  if (is_title) return "title";
  return field.as_text ? std::string_view("rich_text") : notion_type(field.type);
}

std::string decode_id(std::string_view encoded) {
  std::string id;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    unsigned byte = 0;
    if (encoded[at] == '%' && at + 2 < encoded.size()) {
      const char* digits = encoded.data() + at + 1;
      const auto [end, error] = std::from_chars(digits, digits + 2, byte, 16);
      if (error == std::errc() && end == digits + 2) {
        id += static_cast<char>(byte);
        at += 2;
        continue;
      }
    }
    id += encoded[at];
  }
  return id;
}

std::string encode_id(std::string_view id) {
  static constexpr std::string_view kept = "-_.!~*'()";  // and letters and digits, as Notion does it
  std::string out;
  for (const char c : id) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace rowpage
