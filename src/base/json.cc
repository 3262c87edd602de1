#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <boost/json/basic_parser_impl.hpp>

namespace rowpage {
namespace {

constexpr std::size_t depth_max = 128;

// Builds a json::value from parser events, as boost::json::parser does, but reads doubles from their digits.
struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  json::value_stack stack;
  std::string digits;
  bool out_of_range = false;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t n, json::error_code&) {
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t n, json::error_code&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    stack.push_key(s);
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    stack.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    stack.push_string(s);
    return true;
  }
  bool on_number_part(json::string_view s, json::error_code&) {
    digits.append(s.data(), s.size());
    return true;
  }
  bool on_int64(std::int64_t i, json::string_view, json::error_code&) {
    digits.clear();
    stack.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, json::string_view, json::error_code&) {
    digits.clear();
    stack.push_uint64(u);
    return true;
  }
  bool on_double(double, json::string_view s, json::error_code& ec) {
    digits.append(s.data(), s.size());
    double exact = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exact);
    // from_chars reports underflow as out of range too; a number too small to tell from zero is zero.
    const bool tiny = error == std::errc::result_out_of_range && digits.find("e-") != std::string::npos;
    if (tiny) exact = 0;
    if ((error != std::errc() && !tiny) || !std::isfinite(exact)) {
      out_of_range = true;
      ec = json::error::exponent_overflow;
      return false;
    }
    digits.clear();
    stack.push_double(exact);
    return true;
  }
  bool on_bool(bool b, json::error_code&) {
    stack.push_bool(b);
    return true;
  }
  bool on_null(json::error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

// Whether a byte stands for itself in a JSON string.
bool plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

void append_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t end = at;
    while (end < text.size() && plain(text[end])) ++end;
    out.append(text, at, end - at);
    if (end == text.size()) break;
    at = end;
    switch (const char c = text[at]) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out += hex[static_cast<unsigned char>(c) >> 4];
        out += hex[c & 15];
    }
  }
  out += '"';
}

void append_value(std::string& out, const json::value& value, bool sorted);

void append_object(std::string& out, const json::object& object, bool sorted) {
  bool first = true;
  const auto append = [&](const json::key_value_pair& member) {
    if (!std::exchange(first, false)) out += ',';
    append_string(out, member.key());
    out += ':';
    append_value(out, member.value(), sorted);
  };
  out += '{';
  if (sorted) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object.size());
    for (const auto& member : object) members.push_back(&member);
    std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
    for (const auto* member : members) append(*member);
  } else {
    for (const auto& member : object) append(member);
  }
  out += '}';
}

void append_value(std::string& out, const json::value& value, bool sorted) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      out += number_text(value.get_double());
      return;
    case json::kind::string:
      append_string(out, value.get_string());
      return;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        append_value(out, element, sorted);
      }
      out += ']';
      return;
    }
    case json::kind::object:
      append_object(out, value.get_object(), sorted);
      return;
  }
}

Error bad_json(std::string what) {
  return {Effect::none, Scope::record, Cause::invalid, std::move(what), {}};
}

}  // namespace

Result<json::value> parse_json(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<Builder> parser(options);
  parser.handler().stack.reset(std::move(storage));
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) {
    if (text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) error = json::error::extra_data;
  }
  if (error == json::error::incomplete || (!error && !parser.done())) {
    return fail(bad_json(fmt::format("not JSON: the text ends early, after {} bytes", text.size())));
  }
  if (parser.handler().out_of_range) {
    return fail(bad_json(fmt::format("not JSON we can hold: the number ending at byte {} is out of range", used)));
  }
  if (error) return fail(bad_json(fmt::format("not JSON: {} at byte {}", error.message(), used)));
  return parser.handler().stack.release();
}

std::string to_text(const json::value& value) {
  std::string out;
  append_value(out, value, false);
  return out;
}

std::string canonical_text(const json::value& value) {
  std::string out;
  append_value(out, value, true);
  return out;
}

std::string number_text(double number) {
  char buffer[64];
  const double plain = number == 0 ? 0 : number;  // no "-0"
  const auto general = std::to_chars(buffer, buffer + sizeof buffer, plain);
  return {buffer, general.ptr};
}

const json::value* find(const json::value& object, std::string_view key) {
  const auto* members = object.if_object();
  return members ? members->if_contains(key) : nullptr;
}

const json::object* find_object(const json::value& object, std::string_view key) {
  const auto* member = find(object, key);
  return member ? member->if_object() : nullptr;
}

const json::array* find_array(const json::value& object, std::string_view key) {
  const auto* member = find(object, key);
  return member ? member->if_array() : nullptr;
}

std::string_view find_string(const json::value& object, std::string_view key, std::string_view otherwise) {
  const auto* member = find(object, key);
  const auto* text = member ? member->if_string() : nullptr;
  return text ? std::string_view(*text) : otherwise;
}

bool find_bool(const json::value& object, std::string_view key, bool otherwise) {
  const auto* member = find(object, key);
  const auto* flag = member ? member->if_bool() : nullptr;
  return flag ? *flag : otherwise;
}

std::optional<double> as_number(const json::value& value) {
  switch (value.kind()) {
    case json::kind::int64:
      return static_cast<double>(value.get_int64());
    case json::kind::uint64:
      return static_cast<double>(value.get_uint64());
    case json::kind::double_:
      return value.get_double();
    default:
      return std::nullopt;
  }
}

json::value value_to_json(const Value& value) {
  struct Visitor {
    json::value operator()(Null) const { return nullptr; }
    json::value operator()(bool flag) const { return flag; }
    json::value operator()(double number) const { return number; }
    json::value operator()(const std::string& text) const { return json::string(text); }
    json::value operator()(const TextList& names) const {
      json::array array;
      for (const auto& name : names) array.emplace_back(name);
      return array;
    }
    json::value operator()(const DateSpan& span) const {
      return json::object{{"date", json::array{span.start_ms, span.end_ms ? json::value(*span.end_ms) : json::value()}},
                          {"time", span.has_time}};
    }
  };
  return std::visit(Visitor{}, value);
}

Result<Value> value_from_json(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Null{};
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return *as_number(value);
    case json::kind::string:
      return std::string(value.get_string());
    case json::kind::array: {
      TextList names;
      for (const auto& element : value.get_array()) {
        const auto* name = element.if_string();
        if (!name) return fail(bad_json("stored value: a list holds something else than texts"));
        names.emplace_back(*name);
      }
      return names;
    }
    case json::kind::object: {
      const auto* span = find_array(value, "date");
      if (!span || span->size() != 2 || !(*span)[0].is_int64()) break;
      DateSpan date{(*span)[0].get_int64(), std::nullopt, find_bool(value, "time")};
      if ((*span)[1].is_int64()) date.end_ms = (*span)[1].get_int64();
      return date;
    }
  }
  return fail(bad_json("stored value: neither a scalar, a list of texts nor a date"));
}

}  // namespace rowpage
