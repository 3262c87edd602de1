#include "core/fit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include "core/lines.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::size_t text_units_max = 200'000;  // 100 rich text objects of 2,000 units in one request
constexpr std::size_t text_bytes_max = 450'000;  // what fits a request body of 500 KB
constexpr std::size_t options_max = 100;         // per write
constexpr std::size_t option_units_max = 100;
constexpr std::size_t url_units_max = 2'000;
constexpr std::size_t contact_units_max = 200;  // e-mail, phone
constexpr std::size_t files_max = 100;          // per write

tl::unexpected<std::string> cannot(std::string why) {
  return tl::unexpected<std::string>(std::move(why));
}

std::string with_count(std::size_t count, std::size_t most, const char* unit) {
  return std::to_string(count) + " " + unit + ", the limit is " + std::to_string(most);
}

bool has_option(const std::vector<std::string>& options, const std::string& name) {
  return std::ranges::find(options, name) != options.end();
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// --- the forms a field declares: percent, values

/// `number` without what binary fractions add to it: 0.07 * 100 is 7, not 7.000000000000001.
double to_12_digits(double number) {
  char digits[40];
  const auto written = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::scientific, 11);
  double rounded = 0;
  std::from_chars(digits, written.ptr, rounded);
  return rounded == 0 ? 0.0 : rounded;
}

std::string value_of(const Field& field, const std::string& name) {
  const auto at = std::ranges::find(field.values, name, &std::pair<std::string, std::string>::first);
  return at == field.values.end() ? name : at->second;
}

/// Of several names for one value the first.
std::string name_for(const Field& field, const std::string& value) {
  const auto at = std::ranges::find(field.values, value, &std::pair<std::string, std::string>::second);
  return at == field.values.end() ? value : at->first;
}

Value each(const Field& field, const Value& value, std::string (*translate)(const Field&, const std::string&)) {
  if (const auto* text = std::get_if<std::string>(&value)) return make_text(translate(field, *text));
  const auto* names = std::get_if<TextList>(&value);
  if (!names) return value;
  TextList translated;
  for (const auto& name : *names) translated.push_back(translate(field, name));
  return make_list(std::move(translated));
}

Value as_column_says(const Field& field, const Value& page_value) {
  const auto* number = std::get_if<double>(&page_value);
  if (field.percent && number) return to_12_digits(*number * 100);
  return field.values.empty() ? page_value : each(field, page_value, value_of);
}

Value as_property_says(const Field& field, const Value& row_value) {
  const auto* number = std::get_if<double>(&row_value);
  if (field.percent && number) return to_12_digits(*number / 100);
  return field.values.empty() ? row_value : each(field, row_value, name_for);
}

// --- towards the row

bool whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Fitted fit_text_column(const Field& field, const std::string& text) {
  if (text.find('\0') != std::string::npos)
    return cannot("the text holds a NUL character, which PostgreSQL cannot store");
  const bool whole = field.target.type == ColumnType::integer || field.target.type == ColumnType::bigint;
  if (!field.values.empty() && whole && !whole_number(text))
    return cannot(display(text) + " has no number under `values`, and the column is " + field.target.sql_type);
  if (field.target.type == ColumnType::enumeration && !has_option(field.target.labels, text)) {
    return cannot(display(text) + " is not a value of the enum " + field.target.sql_type + " (" +
                  listed(field.target.labels) + ")");
  }
  if (field.target.max_length) {
    const auto characters = static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
    const auto most = static_cast<std::size_t>(*field.target.max_length);
    if (characters > most)
      return cannot("too long for " + field.target.sql_type + ": " + with_count(characters, most, "characters"));
  }
  return text;
}

/// The float nearest to `number`, as the shortest decimal that names it: 0.1 stays 0.1 and does not become
/// 0.10000000149, which a page would then show.
Fitted fit_real(const Field& field, double number) {
  if (!std::isfinite(number) || std::fabs(number) > std::numeric_limits<float>::max())
    return cannot(display(number) + " is out of range for " + field.target.sql_type);
  const auto single = static_cast<float>(number);
  if (single == 0 && number != 0) return cannot(display(number) + " is too close to zero for " + field.target.sql_type);
  char digits[32];
  const auto written = std::to_chars(digits, digits + sizeof digits, single, std::chars_format::scientific);
  double shortest = 0;
  std::from_chars(digits, written.ptr, shortest);
  return shortest == 0 ? 0.0 : shortest;
}

Fitted fit_number_column(const Field& field, double number) {
  switch (field.target.type) {
    case ColumnType::integer:
    case ColumnType::bigint: {
      // 2^53: beyond it a Notion number no longer names one integer.
      const double most = field.target.max_integer_bytes >= 8
                              ? 9007199254740992.0
                              : std::ldexp(1.0, 8 * field.target.max_integer_bytes - 1) - 1;
      if (number != std::trunc(number))
        return cannot(display(number) + " is not a whole number, the column is " + field.target.sql_type);
      if (std::fabs(number) > most) return cannot(display(number) + " is out of range for " + field.target.sql_type);
      return number;
    }
    case ColumnType::real:
      return fit_real(field, number);
    case ColumnType::text:
      return display(number);
    default:
      return number;
  }
}

Fitted fit_date_column(const Field& field, DateSpan span) {
  const auto to_day = [](Millis ms) { return ms - ((ms % day_ms) + day_ms) % day_ms; };
  bool holds_end = !field.end_column.empty();
  switch (field.target.type) {
    case ColumnType::daterange:
      holds_end = true;
      [[fallthrough]];
    case ColumnType::date:
      if (span.has_time) {
        span = {to_day(span.start_ms), span.end_ms ? std::optional(to_day(*span.end_ms)) : std::nullopt, false};
      }
      break;
    case ColumnType::tsrange:
    case ColumnType::tstzrange:
      holds_end = true;
      [[fallthrough]];
    case ColumnType::timestamp:
    case ColumnType::timestamptz:
      span.has_time = true;
      break;
    default:
      break;  // text keeps either form
  }
  if (!holds_end) span.end_ms.reset();
  return span;
}

Fitted fit_list_column(const Field& field, const TextList& names) {
  switch (storing(field)) {
    case Storing::single:
      if (names.size() > 1)
        return cannot("the column holds one value and the page has " + std::to_string(names.size()) + " (" +
                      listed(names) + ")");
      [[fallthrough]];
    case Storing::joined:
      for (const auto& name : names) {
        if (name.find(',') != std::string::npos)
          return cannot("the option " + display(name) + " holds a comma, which joins options in the column");
      }
      break;
    default:
      break;
  }
  for (const auto& name : names) {
    const bool labelled = field.target.type == ColumnType::text_array && !field.target.labels.empty();
    if (labelled && !has_option(field.target.labels, name))
      return cannot(display(name) + " is not a value of " + field.target.sql_type);
  }
  return names;
}

// --- towards the page

Fitted fit_option(const Field& field, const std::string& name) {
  if (name.find(',') != std::string::npos)
    return cannot("option names in Notion cannot hold a comma: " + display(name));
  if (utf16_length(name) > option_units_max) {
    return cannot("option name too long for Notion: " + with_count(utf16_length(name), option_units_max, "characters"));
  }
  if (field.type == FieldType::status && !field.known_options.empty() && !has_option(field.known_options, name)) {
    return cannot(display(name) + " is not an option of the status property (" + listed(field.known_options) +
                  "), and Notion creates status options by hand only");
  }
  return name;
}

Fitted fit_text_property(const Field& field, const std::string& text) {
  if (!valid_utf8(text)) return cannot("the text is not valid UTF-8");
  const std::size_t units = utf16_length(text);
  std::size_t most = text_units_max;
  if (!field.as_text) {
    switch (field.type) {
      case FieldType::select:
      case FieldType::status:
        return fit_option(field, text);
      case FieldType::url:
        most = url_units_max;
        break;
      case FieldType::email:
      case FieldType::phone_number:
        most = contact_units_max;
        break;
      default:
        break;
    }
  }
  if (units > most) return cannot("too long for the property: " + with_count(units, most, "UTF-16 units"));
  if (text.size() > text_bytes_max)
    return cannot("too long for one Notion request: " + with_count(text.size(), text_bytes_max, "bytes"));
  return text;
}

bool is_address(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return false;
  }
  return !rest.empty() && rest.front() != '/' && rest.find_first_of(" \t\r") == std::string_view::npos;
}

Fitted fit_files(const std::string& text) {
  if (!valid_utf8(text)) return cannot("the text is not valid UTF-8");
  const auto lines = lines_of(text);
  if (lines.size() > files_max)
    return cannot("too many files for Notion: " + with_count(lines.size(), files_max, "lines"));
  for (const auto& line : lines) {
    if (line.starts_with(kept_file_mark)) {
      return cannot(display(line) + " stands for a file that Notion keeps, and only people can put that into a page");
    }
    if (!is_address(line)) return cannot(display(line) + " is not an address Notion can link a file by (https://...)");
    if (utf16_length(line) > url_units_max) {
      return cannot("address too long for Notion: " + with_count(utf16_length(line), url_units_max, "UTF-16 units") +
                    " (" + display(line) + ")");
    }
  }
  return make_text(join_lines(lines));
}

Fitted fit_list_property(const Field& field, const TextList& names) {
  if (names.size() > options_max) {
    return cannot("Notion takes at most 100 options in one write, the row has " + std::to_string(names.size()));
  }
  std::set<std::string> lower;
  for (const auto& name : names) {
    if (auto option = fit_option(field, name); !option) return option;
    if (!lower.insert(ascii_lower(name)).second) {
      return cannot("two options differ in case only, which Notion takes for one: " + display(name));
    }
  }
  return names;
}

DateSpan to_minutes(DateSpan span) {
  if (!span.has_time) return span;
  span.start_ms = floor_minute(span.start_ms);
  if (span.end_ms) span.end_ms = floor_minute(*span.end_ms);
  return span;
}

std::string_view wanted_kind(FieldType type) {
  switch (type) {
    case FieldType::number:
      return "a number";
    case FieldType::checkbox:
      return "a yes/no";
    case FieldType::date:
    case FieldType::created_time:
    case FieldType::last_edited_time:
      return "a date";
    case FieldType::multi_select:
      return "a list of options";
    case FieldType::files:
      return "addresses of files";
    default:
      return "a text";
  }
}

}  // namespace

Storing storing(const Field& field) {
  if (field.store != Storing::automatic) return field.store;
  switch (field.target.type) {
    case ColumnType::text_array:
      return Storing::array;
    case ColumnType::json:
      return Storing::json;
    case ColumnType::enumeration:
      return Storing::single;
    default:
      return Storing::joined;
  }
}

Fitted fit_row(const Field& field, const Value& page_value) {
  return fit_column(field, as_column_says(field, page_value));
}

Fitted fit_column(const Field& field, const Value& value) {
  if (field.type == FieldType::checkbox && is_null(value)) return false;
  struct Visitor {
    const Field& field;
    Fitted operator()(Null) const { return Null{}; }
    Fitted operator()(bool flag) const { return flag; }
    Fitted operator()(double number) const { return fit_number_column(field, number); }
    Fitted operator()(const std::string& text) const { return fit_text_column(field, text); }
    Fitted operator()(const DateSpan& span) const { return fit_date_column(field, span); }
    Fitted operator()(const TextList& names) const { return fit_list_column(field, names); }
  };
  return std::visit(Visitor{field}, value);
}

Fitted fit_page(const Field& field, const Value& row_value) {
  if (field.type == FieldType::people && !field.as_text)
    return cannot("people are chosen in Notion: a row's text names no member of the workspace for sure");
  if (read_only(field.type) && !field.as_text) return cannot("Notion sets this property itself");
  struct Visitor {
    const Field& field;
    Fitted mismatch() const {
      return cannot("the row does not hold " + std::string(wanted_kind(field.type)) + " here");
    }
    Fitted operator()(Null) const {
      if (field.type == FieldType::checkbox) return false;
      return Null{};
    }
    Fitted operator()(bool flag) const {
      if (field.type != FieldType::checkbox) return mismatch();
      return flag;
    }
    Fitted operator()(double number) const {
      if (field.type != FieldType::number) return mismatch();
      if (!std::isfinite(number)) return cannot("the number is not finite");
      return number;
    }
    Fitted operator()(const std::string& text) const {
      switch (field.type) {
        case FieldType::number:
        case FieldType::checkbox:
        case FieldType::date:
        case FieldType::multi_select:
          return mismatch();
        case FieldType::files:
          return field.as_text ? fit_text_property(field, text) : fit_files(text);
        default:
          return fit_text_property(field, text);
      }
    }
    Fitted operator()(const DateSpan& span) const {
      if (field.type != FieldType::date) return mismatch();
      return to_minutes(span);
    }
    Fitted operator()(const TextList& names) const {
      if (field.type != FieldType::multi_select) return mismatch();
      return fit_list_property(field, names);
    }
  };
  return std::visit(Visitor{field}, as_property_says(field, row_value));
}

bool agree(const Field& field, const Value& page, const Value& row) {
  // Where a value has another name on the other side, looking alike says nothing.
  const bool same_terms = field.values.empty() && !field.percent;
  if (same_terms && page == row) return true;
  if (const auto fitted = fit_row(field, page); fitted && *fitted == row) return true;
  if (read_only(field.type)) return false;
  const auto fitted = fit_page(field, row);
  return fitted && *fitted == page;
}

}  // namespace rowpage
