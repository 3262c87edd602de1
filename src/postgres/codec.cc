#include "postgres/codec.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "core/fit.h"
#include "core/lines.h"
#include "core/text.h"
#include "core/time.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

using Decoded = tl::expected<Value, std::string>;
using Encoded = tl::expected<Cell, std::string>;

tl::unexpected<std::string> cannot(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

std::string shown(std::string_view text) {
  return display(Value(std::string(text)), 60);
}

// --- numbers ---

/// A decimal of at most 15 significant digits survives the way into a double and back; a longer one may not.
bool exact_as_double(std::string_view digits) {
  std::size_t significant = 0, zeros = 0;
  for (const char c : digits) {
    if (c == 'e' || c == 'E') break;
    if (c < '0' || c > '9') continue;
    if (c == '0') {
      zeros += significant > 0 ? 1 : 0;
    } else {
      significant += zeros + 1;
      zeros = 0;
    }
  }
  return significant <= 15;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Decoded decode_number(const Field& field, std::string_view text) {
  if (field.target.type == ColumnType::real) {
    const auto single = parse_number<float>(text);
    if (!single || !std::isfinite(*single)) return cannot(shown(text) + " is not a number Notion can hold");
    return fit_column(field, Value(static_cast<double>(*single)));  // the decimal both sides know this float by
  }
  const auto number = parse_number<double>(text);
  if (!number || !std::isfinite(*number)) return cannot(shown(text) + " is not a number Notion can hold");
  // A float8 is a double by nature; of everything else only what fits one exactly may travel.
  const bool is_double = field.target.sql_type == "double precision";
  if (!is_double && !exact_as_double(text)) {
    return cannot(shown(text) + " has more than the 15 digits a Notion number keeps");
  }
  return Value(*number == 0 ? 0.0 : *number);
}

Encoded encode_number(const Field& field, double number) {
  if (!std::isfinite(number)) return cannot("the number is not finite");
  if (field.target.type == ColumnType::integer || field.target.type == ColumnType::bigint) {
    if (number != std::trunc(number)) return cannot(number_text(number) + " is not a whole number");
    if (std::fabs(number) > 9007199254740992.0)
      return cannot(number_text(number) + " is too large for an exact whole number");
    return Cell(std::to_string(static_cast<std::int64_t>(number)));
  }
  return Cell(number_text(number == 0 ? 0.0 : number));
}

// --- dates ---

std::string timestamp_text(std::int64_t ms) {
  std::string text = format_utc(ms);  // 2026-11-20T09:30:00.000Z
  text.back() = '+';
  return text + "00";
}

std::optional<std::int64_t> moment(std::string_view text) {
  const auto time = parse_time(text);
  if (!time) return std::nullopt;
  return time->ms;
}

// A day is its midnight; a time of day that a cell shows all the same is none of it.
std::int64_t midnight(std::int64_t ms) {
  const std::int64_t over = ms % day_ms;
  return ms - (over < 0 ? over + day_ms : over);
}

std::string bare(std::string_view bound) {
  if (bound.size() >= 2 && bound.front() == '"' && bound.back() == '"') bound = bound.substr(1, bound.size() - 2);
  return std::string(bound);
}

Decoded decode_range(ColumnType type, std::string_view text) {
  if (text == "empty") return Value(Null{});
  const auto comma = text.find(',');
  if (text.size() < 3 || comma == std::string_view::npos) return cannot(shown(text) + " is not a range");
  const auto lower = moment(bare(text.substr(1, comma - 1)));
  auto upper = moment(bare(text.substr(comma + 1, text.size() - comma - 2)));
  if (!lower || !upper) return cannot(shown(text) + " has no start or no end, and a Notion date needs both");
  DateSpan span{.start_ms = *lower, .has_time = type != ColumnType::daterange};
  if (type == ColumnType::daterange) {  // PostgreSQL writes days as [ , ), encode() and people also as [ , ]
    span.start_ms = midnight(span.start_ms);
    upper = midnight(*upper);
    if (text.back() == ')') *upper -= day_ms;
    if (text.front() == '(') span.start_ms += day_ms;
  }
  if (*upper > *lower) span.end_ms = upper;
  return Value(span);
}

Decoded decode_date(const Field& field, std::string_view text, std::optional<std::string_view> end) {
  const auto time = parse_time(text);
  if (!time) return cannot(shown(text) + " is not a date Notion can hold");
  DateSpan span{
      .start_ms = time->ms,
      .has_time = field.target.type == ColumnType::text ? time->has_time : field.target.type != ColumnType::date};
  if (end) {
    const auto last = moment(*end);
    if (!last) return cannot(shown(*end) + " is not a date Notion can hold");
    span.end_ms = *last;
  }
  if (!span.has_time) {
    span.start_ms = midnight(span.start_ms);
    if (span.end_ms) span.end_ms = midnight(*span.end_ms);
  }
  return Value(span);
}

/// A text column may hold "2026-11-20" or "2026-11-20/2026-11-22".
Decoded decode_date_text(const Field& field, std::string_view text, std::optional<std::string_view> end) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return decode_date(field, text, end);
  return decode_date(field, text.substr(0, slash), text.substr(slash + 1));
}

std::string date_text(ColumnType type, const DateSpan& span, std::int64_t ms) {
  if (type == ColumnType::date || (type == ColumnType::text && !span.has_time)) return format_day(ms);
  if (type == ColumnType::text) return format_utc(ms);
  return timestamp_text(ms);
}

std::string range_text(ColumnType type, const DateSpan& span) {
  const std::int64_t end = span.end_ms.value_or(span.start_ms);
  const bool days = type == ColumnType::daterange;
  std::string text = "[";
  text += days ? format_day(span.start_ms) : '"' + timestamp_text(span.start_ms) + '"';
  text += ",";
  text += days ? format_day(end) : '"' + timestamp_text(end) + '"';
  return text + "]";
}

// --- lists ---

Value split_commas(std::string_view text) {
  TextList names;
  while (true) {
    const auto comma = text.find(',');
    names.emplace_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return make_list(std::move(names));
}

/// In the order of the field's options, what is not among them after that by alphabet (a TextList is sorted).
std::string join(const Field& field, const TextList& names) {
  const auto& order = field.options.empty() ? field.known_options : field.options;
  TextList sorted = names;
  std::ranges::stable_sort(sorted, {},
                           [&](const std::string& name) { return std::ranges::find(order, name) - order.begin(); });
  std::string text;
  for (const auto& name : sorted) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// --- JSON ---

/// Every number in the JSON text must survive as a double, or writing it back would change it.
std::optional<std::string> inexact_number(std::string_view text) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quoted) {
      if (text[at] == '\\')
        ++at;
      else
        quoted = text[at] != '"';
      continue;
    }
    if (text[at] == '"') quoted = true;
    if (text[at] != '-' && (text[at] < '0' || text[at] > '9')) continue;
    const auto end = std::min(text.find_first_not_of("+-.0123456789eE", at), text.size());
    const auto digits = text.substr(at, end - at);
    if (!exact_as_double(digits)) return std::string(digits);
    at = end - 1;
  }
  return std::nullopt;
}

// --- lines: people and files ---

/// An element with a line break in it would become two when it is written back.
Decoded decode_lines(const std::vector<std::string>& elements) {
  std::vector<std::string> lines;
  for (const auto& element : elements) {
    if (element.find('\n') != std::string::npos) return cannot(shown(element) + " holds a line break");
    if (const auto line = trim(element); !line.empty()) lines.emplace_back(line);
  }
  return make_text(join_lines(lines));
}

std::optional<std::vector<std::string>> texts_in(const json::value& parsed) {
  if (!parsed.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& element : parsed.get_array()) {
    if (!element.is_string()) return std::nullopt;
    texts.emplace_back(element.get_string());
  }
  return texts;
}

Decoded decode_json(const Field& field, std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return cannot("the JSON cannot be read: " + parsed.error().what);
  if (const auto digits = inexact_number(text))
    return cannot("the JSON holds the number " + *digits + ", which has more than 15 digits");
  if (field.type == FieldType::multi_select) {
    if (parsed->is_null()) return Value(Null{});
    auto names = texts_in(*parsed);
    if (!names) return cannot("the JSON is not a list of texts");
    return make_list(std::move(*names));
  }
  if (in_lines(field.type)) {
    if (parsed->is_null()) return Value(Null{});
    if (parsed->is_string()) return make_text(std::string(parsed->get_string()));
    const auto lines = texts_in(*parsed);
    if (!lines) return cannot("the JSON is neither a text nor a list of texts");
    return decode_lines(*lines);
  }
  if (field.type != FieldType::json && parsed->is_string()) return make_text(std::string(parsed->get_string()));
  return make_text(canonical_text(*parsed));
}

Encoded encode_json(const Field& field, const std::string& text) {
  if (in_lines(field.type)) return Cell(to_text(value_to_json(lines_of(text))));
  auto parsed = parse_json(text);
  if (field.type == FieldType::json) {
    if (!parsed) return cannot("the text is not JSON: " + parsed.error().what);
    if (const auto digits = inexact_number(text))
      return cannot("the JSON holds the number " + *digits + ", which has more than 15 digits");
    return Cell(canonical_text(*parsed));
  }
  return Cell(to_text(json::value(json::string(text))));
}

// --- one value into one column ---

struct Encoder {
  const Field& field;

  ColumnType type() const { return field.target.type; }
  Encoded mismatch(const char* what) const {
    return cannot(std::string(what) + " does not fit a column of type " + field.target.sql_type);
  }

  Encoded operator()(Null) const {
    if (field.target.not_null && type() == ColumnType::text) return Cell("");  // '' and NULL are one in Notion
    return Cell(std::nullopt);
  }
  Encoded operator()(bool flag) const {
    if (type() == ColumnType::boolean || type() == ColumnType::text || type() == ColumnType::json ||
        type() == ColumnType::other) {
      return Cell(flag ? "true" : "false");
    }
    return mismatch("a yes/no");
  }
  Encoded operator()(double number) const {
    switch (type()) {
      case ColumnType::integer:
      case ColumnType::bigint:
      case ColumnType::numeric:
      case ColumnType::real:
      case ColumnType::text:
      case ColumnType::json:
        return encode_number(field, number);
      default:
        return mismatch("a number");
    }
  }
  Encoded operator()(const std::string& text) const {
    if (text.find('\0') != std::string::npos)
      return cannot("the text holds a NUL character, which PostgreSQL cannot store");
    if (!valid_utf8(text)) return cannot("the text is not valid UTF-8");
    switch (type()) {
      case ColumnType::text:
        if (field.type == FieldType::json) return encode_json(field, text);
        return Cell(text);
      case ColumnType::json:
        return encode_json(field, text);
      case ColumnType::text_array:
        return Cell(array_literal(in_lines(field.type) ? lines_of(text) : std::vector<std::string>{text}));
      case ColumnType::boolean:
      case ColumnType::daterange:
      case ColumnType::tsrange:
      case ColumnType::tstzrange:
        return mismatch("a text");
      default:
        return Cell(text);  // uuid, enum, numbers and dates written as text: the database has the last word
    }
  }
  Encoded operator()(const DateSpan& span) const {
    switch (type()) {
      case ColumnType::date:
      case ColumnType::timestamp:
      case ColumnType::timestamptz:
        return Cell(date_text(type(), span, span.start_ms));
      case ColumnType::daterange:
      case ColumnType::tsrange:
      case ColumnType::tstzrange:
        return Cell(range_text(type(), span));
      case ColumnType::text:
        return Cell(date_text(type(), span, span.start_ms) +
                    (span.end_ms && field.end_column.empty() ? "/" + date_text(type(), span, *span.end_ms) : ""));
      default:
        return mismatch("a date");
    }
  }
  Encoded operator()(const TextList& names) const {
    for (const auto& name : names) {
      if (name.find('\0') != std::string::npos || !valid_utf8(name)) return cannot("an option name is not valid text");
    }
    switch (storing(field)) {
      case Storing::array:
        return Cell(array_literal(names));
      case Storing::json:
        return Cell(to_text(value_to_json(names)));
      case Storing::single:
        if (names.size() > 1) return cannot("the column holds one value, not " + std::to_string(names.size()));
        return Cell(names.front());
      default:
        for (const auto& name : names) {
          if (name.find(',') != std::string::npos)
            return cannot("the option " + display(name) + " holds a comma, which joins options");
        }
        return Cell(join(field, names));
    }
  }
};

Decoded decode_text(const Field& field, std::string_view text, std::optional<std::string_view> end) {
  switch (field.type) {
    case FieldType::multi_select:
      switch (storing(field)) {
        case Storing::single:
          return make_list({std::string(text)});
        case Storing::json:
          return decode_json(field, text);
        case Storing::array:
          if (const auto elements = parse_array(text)) return make_list(*elements);
          return cannot(shown(text) + " is not an array");
        default:
          return split_commas(text);
      }
    case FieldType::number: {
      const auto number = parse_number<double>(trim(text));
      if (!number || !std::isfinite(*number) || !exact_as_double(text))
        return cannot(shown(text) + " is not a number Notion can hold");
      return Value(*number);
    }
    case FieldType::checkbox:
      if (text == "true" || text == "t") return Value(true);
      if (text == "false" || text == "f") return Value(false);
      return cannot(shown(text) + " is neither true nor false");
    case FieldType::date:
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return decode_date_text(field, text, end);
    case FieldType::json:
      return decode_json(field, text);
    default:
      return make_text(std::string(text));
  }
}

// --- links ---

/// What links are named by is taken as the text it is: a number as a key is no number to count with.
Decoded decode_links(const Field& field, std::string_view text) {
  if (field.relation.kind == Relation::Kind::column) return make_list({std::string(text)});
  const auto names = parse_array(text);
  if (!names) return cannot(shown(text) + " is not an array of one dimension");
  return make_list(*names);
}

Encoded encode_links(const Field& field, const Value& value) {
  if (is_null(value)) return Cell(std::nullopt);
  const auto* names = std::get_if<TextList>(&value);
  if (names == nullptr) return cannot("a relation holds links and nothing else");
  for (const auto& name : *names) {
    if (name.find('\0') != std::string::npos || !valid_utf8(name))
      return cannot("the name of a link is not valid text");
  }
  if (field.relation.kind != Relation::Kind::column) return Cell(array_literal(*names));
  if (names->size() > 1) return cannot("the column holds one link, not " + std::to_string(names->size()));
  return Cell(names->front());
}

}  // namespace

tl::expected<Value, std::string> decode(const Field& field, std::optional<std::string_view> cell,
                                        std::optional<std::string_view> end_cell) {
  if (!cell) return Value(Null{});
  const std::string_view text = *cell;
  if (field.is_relation()) return decode_links(field, text);
  switch (field.target.type) {
    case ColumnType::boolean:
      return Value(text == "true" || text == "t");
    case ColumnType::integer:
    case ColumnType::bigint:
      if (field.type != FieldType::number) return make_text(std::string(text));  // an option by its number, an id
      [[fallthrough]];
    case ColumnType::numeric:
    case ColumnType::real:
      return decode_number(field, text);
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamptz:
      return decode_date(field, text, end_cell);
    case ColumnType::daterange:
    case ColumnType::tsrange:
    case ColumnType::tstzrange:
      return decode_range(field.target.type, text);
    case ColumnType::text_array: {
      const auto elements = parse_array(text);
      if (!elements) return cannot(shown(text) + " is not an array of one dimension");
      if (in_lines(field.type)) return decode_lines(*elements);
      return make_list(*elements);
    }
    case ColumnType::json:
      return decode_json(field, text);
    case ColumnType::enumeration:
      if (field.type == FieldType::multi_select) return make_list({std::string(text)});
      return make_text(std::string(text));
    case ColumnType::text:
      if (text.empty()) return Value(Null{});
      return decode_text(field, text, end_cell);
    default:
      return make_text(std::string(text));
  }
}

tl::expected<std::vector<std::pair<std::string, Cell>>, std::string> encode(const Field& field, const Value& value) {
  auto cell = field.is_relation() ? encode_links(field, value) : std::visit(Encoder{field}, value);
  if (!cell) return tl::unexpected<std::string>(cell.error());
  std::vector<std::pair<std::string, Cell>> cells{{field.column, std::move(*cell)}};
  if (!field.end_column.empty()) {
    Cell end;
    if (const auto* span = std::get_if<DateSpan>(&value); span != nullptr && span->end_ms) {
      end = date_text(field.end_target.type, *span, *span->end_ms);
    }
    cells.emplace_back(field.end_column, std::move(end));
  }
  return cells;
}

}  // namespace rowpage
