// A small reader of Notion's formula language that computes while it reads.
//
// It knows literals, prop("Name") and its stored form, the operators and the everyday functions, called as f(x) or
// x.f(). Anything else makes the whole formula "not computed here"; it never guesses.
#include <charconv>
#include <chrono>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "sandbox/computed.h"
#include "sandbox/rich_text.h"
#include "sandbox/values.h"
#include "sandbox/zone.h"

namespace rowpage::sandbox {
namespace {

using Arguments = std::vector<FormulaValue>;

bool empty(const FormulaValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return true;
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* number = std::get_if<double>(&value)) return *number == 0;
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return list->empty();
  return false;
}

bool truth(const FormulaValue& value) {
  return !empty(value);
}

std::string text_of(const FormulaValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<double>(&value)) return number_text(*number);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* date = std::get_if<FormulaDate>(&value)) {
    return date->has_time ? format_with_offset(date->ms, 0) : format_day(date->ms);
  }
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return fmt::format("{}", fmt::join(*list, ","));
  return {};
}

std::optional<double> number_of(const FormulaValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? 1 : 0;
  if (const auto* date = std::get_if<FormulaDate>(&value)) return static_cast<double>(date->ms);
  if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
  const std::string text = text_of(value);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

FormulaValue value_of(const json::value& bare, std::string_view type);

FormulaValue text_or_nothing(const json::value& bare) {
  return bare.is_string() ? FormulaValue(std::string(bare.get_string())) : FormulaValue();
}

FormulaValue date_or_nothing(const json::value& bare) {
  const auto text = bare.is_string() ? std::string_view(bare.get_string()) : find_string(bare, "start");
  const auto time = parse_time(text);
  return time ? FormulaValue(FormulaDate{time->ms, time->has_time}) : FormulaValue();
}

FormulaValue value_of(const json::value& bare, std::string_view type) {
  if (type == "number") return as_number(bare) ? FormulaValue(*as_number(bare)) : FormulaValue();
  if (type == "checkbox") return bare.is_bool() && bare.get_bool();
  if (type == "url" || type == "email" || type == "phone_number") return text_or_nothing(bare);
  if (type == "select" || type == "status") {
    return bare.is_object() ? FormulaValue(std::string(find_string(bare, "name"))) : FormulaValue();
  }
  if (type == "date" || type == "created_time" || type == "last_edited_time") return date_or_nothing(bare);
  if (type == "multi_select" || type == "people" || type == "relation") {
    std::vector<std::string> names;
    for (const auto& item : bare.get_array()) names.emplace_back(find_string(item, "name", find_string(item, "id")));
    return names;
  }
  if (type == "formula" || type == "rollup") {
    const auto kind = find_string(bare, "type");
    const auto* inner = find(bare, kind);
    if (!inner || inner->is_null()) return {};
    if (kind == "string") return text_or_nothing(*inner);
    if (kind == "boolean") return inner->is_bool() && inner->get_bool();
    if (kind == "number") return value_of(*inner, "number");
    if (kind == "date") return date_or_nothing(*inner);
  }
  return {};
}

Millis step_of(std::string_view unit) {
  if (unit == "minutes" || unit == "minute") return minute_ms;
  if (unit == "hours" || unit == "hour") return hour_ms;
  if (unit == "days" || unit == "day") return day_ms;
  if (unit == "weeks" || unit == "week") return 7 * day_ms;
  return 0;
}

// The whole part of a number of this size at most; nothing for any other, which no integer need hold.
std::optional<Millis> whole_part(double number, double most) {
  if (!(std::abs(number) <= most)) return std::nullopt;
  return static_cast<Millis>(number);
}

// A date as long as four digits can write its year; otherwise nothing.
FormulaValue date_at(Millis ms, bool has_time) {
  if (!parse_time(format_utc(ms))) return {};
  return FormulaDate{ms, has_time};
}

Millis add_months(Millis ms, int months) {
  using namespace std::chrono;
  const Millis time = ms % day_ms;
  const year_month_day from{sys_days{days{(ms - time) / day_ms}}};
  auto to = from + std::chrono::months{months};
  if (!to.ok()) to = to.year() / to.month() / last;
  return sys_days{to}.time_since_epoch().count() * day_ms + time;
}

// Whole months from one moment to the other, negative backwards.
int months_between(Millis from, Millis to) {
  using namespace std::chrono;
  if (to < from) return -months_between(to, from);
  const year_month_day a{sys_days{days{from / day_ms}}}, b{sys_days{days{to / day_ms}}};
  const int months = (int{b.year()} - int{a.year()}) * 12 + static_cast<int>(unsigned{b.month()}) -
                     static_cast<int>(unsigned{a.month()});
  return add_months(from, months) > to ? months - 1 : months;
}

// Year, month, day, ISO week and time by their letters; everything else stands for itself.
std::string formatted(const FormulaDate& date, std::string_view pattern) {
  using namespace std::chrono;
  const auto whole = floor<days>(sys_time<milliseconds>{milliseconds{date.ms}});
  const year_month_day day{whole};
  const auto thursday = whole + days{3} - (weekday{whole} - Monday);
  const auto week = (thursday - sys_days{year_month_day{thursday}.year() / January / 1}).count() / 7 + 1;
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const char letter = pattern[at];
    std::size_t end = at;
    while (end < pattern.size() && pattern[end] == letter) ++end;
    const auto width = end - at;
    long number = -1;
    if (letter == 'Y') number = int{day.year()};
    if (letter == 'M') number = static_cast<long>(unsigned{day.month()});
    if (letter == 'D') number = static_cast<long>(unsigned{day.day()});
    if (letter == 'W') number = week;
    if (letter == 'H') number = date.ms / hour_ms % 24;
    if (letter == 'm') number = date.ms / minute_ms % 60;
    out += number < 0 ? std::string(width, letter) : fmt::format("{:0{}}", number, width);
    at = end;
  }
  return out;
}

// Of ASCII letters; others stay.
std::string in_case(std::string text, bool upper) {
  for (char& c : text) {
    const auto letter = static_cast<unsigned char>(c);
    if (letter < 128) c = static_cast<char>(upper ? std::toupper(letter) : std::tolower(letter));
  }
  return text;
}

FormulaValue extreme(const Arguments& in, bool greatest) {
  std::optional<double> best;
  for (const auto& value : in) {
    const auto number = number_of(value);
    if (number && (!best || (greatest ? *number > *best : *number < *best))) best = number;
  }
  return best ? FormulaValue(*best) : FormulaValue();
}

class Reader {
 public:
  Reader(const Call& call, const Page& page, const PageState& state, const Source& source, std::string_view text)
      : call_(call), page_(page), state_(state), source_(source), text_(text) {}

  std::optional<FormulaValue> whole() {
    auto value = either();
    blanks();
    if (failed_ || at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view token) {
    blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  bool take_word(std::string_view word) {
    blanks();
    const auto rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    if (rest.size() > word.size() &&
        (std::isalnum(static_cast<unsigned char>(rest[word.size()])) || rest[word.size()] == '(')) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  FormulaValue fail_here() {
    failed_ = true;
    at_ = text_.size();
    return {};
  }

  FormulaValue either() {
    if (++nested_ > 200) return fail_here();
    auto left = both();
    while (!failed_ && (take("||") || take_word("or"))) {
      const bool right = truth(both());
      left = truth(left) || right;
    }
    if (!failed_ && take("?")) {
      auto yes = either();
      if (!take(":")) return fail_here();
      auto no = either();
      left = truth(left) ? yes : no;
    }
    --nested_;
    return left;
  }

  FormulaValue both() {
    auto left = compared();
    while (!failed_ && (take("&&") || take_word("and"))) {
      const bool right = truth(compared());
      left = truth(left) && right;
    }
    return left;
  }

  FormulaValue compared() {
    auto left = summed();
    for (const std::string_view sign : {"==", "!=", ">=", "<=", ">", "<"}) {
      if (failed_ || !take(sign)) continue;
      const auto right = summed();
      if (sign == "==") return text_of(left) == text_of(right);
      if (sign == "!=") return text_of(left) != text_of(right);
      const auto a = number_of(left), b = number_of(right);
      if (!a || !b) return false;
      if (sign == ">=") return *a >= *b;
      if (sign == "<=") return *a <= *b;
      return sign == ">" ? *a > *b : *a < *b;
    }
    return left;
  }

  FormulaValue summed() {
    auto left = multiplied();
    while (!failed_) {
      if (take("+")) {
        const auto right = multiplied();
        const auto* a = std::get_if<double>(&left);
        const auto* b = std::get_if<double>(&right);
        if (a && b) {
          left = *a + *b;
        } else {
          left = text_of(left) + text_of(right);
        }
      } else if (take("-")) {
        left = number_of(left).value_or(0) - number_of(multiplied()).value_or(0);
      } else {
        break;
      }
    }
    return left;
  }

  FormulaValue multiplied() {
    auto left = unary();
    while (!failed_) {
      if (take("*")) {
        left = number_of(left).value_or(0) * number_of(unary()).value_or(0);
      } else if (take("/")) {
        left = number_of(left).value_or(0) / number_of(unary()).value_or(0);
      } else if (take("%")) {
        left = std::fmod(number_of(left).value_or(0), number_of(unary()).value_or(1));
      } else {
        break;
      }
    }
    return left;
  }

  FormulaValue unary() {
    if (take("!") || take_word("not")) return !truth(unary());
    if (take("-")) return -number_of(unary()).value_or(0);
    auto value = atom();
    while (!failed_ && take(".")) {
      const auto name = word();
      Arguments arguments{value};
      if (!take("(")) return fail_here();
      read_arguments(arguments);
      value = call_function(name, arguments);
    }
    return value;
  }

  std::string word() {
    blanks();
    std::string name;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) {
      name += text_[at_++];
    }
    return name;
  }

  void read_arguments(Arguments& arguments) {
    if (take(")")) return;
    do {
      arguments.push_back(either());
    } while (!failed_ && take(","));
    if (!take(")")) fail_here();
  }

  FormulaValue atom() {
    blanks();
    if (at_ >= text_.size()) return fail_here();
    if (take("(")) {
      auto inner = either();
      return take(")") ? inner : fail_here();
    }
    const char c = text_[at_];
    if (c == '"') return quoted();
    if (std::isdigit(static_cast<unsigned char>(c))) {
      double number = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
      at_ = static_cast<std::size_t>(end - text_.data());
      return number;
    }
    if (take("{{notion:block_property:")) {
      const auto end = text_.find("}}", at_);
      const auto colon = text_.find(':', at_);
      if (end == std::string_view::npos || colon > end) return fail_here();
      const auto id = percent_decode(text_.substr(at_, colon - at_));
      at_ = end + 2;
      return property_value(source_.by_id(id));
    }
    const auto name = word();
    if (name == "true") return true;
    if (name == "false") return false;
    if (name.empty() || !take("(")) return fail_here();
    if (name == "prop") {
      blanks();
      const auto which = quoted();
      if (!take(")")) return fail_here();
      return property_value(source_.find(text_of(which)));
    }
    Arguments arguments;
    read_arguments(arguments);
    return call_function(name, arguments);
  }

  FormulaValue quoted() {
    if (at_ >= text_.size() || text_[at_] != '"') return fail_here();
    std::string inner;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      inner += text_[at_];
    }
    if (at_ >= text_.size()) return fail_here();
    ++at_;
    return inner;
  }

  FormulaValue property_value(const Property* property) {
    if (!property) return fail_here();
    if (property->type == "title" || property->type == "rich_text") {
      const auto* cell = state_.cell(property->key);
      return cell ? plain_text(call_.world, *cell) : std::string();
    }
    return value_of(show_bare(call_, page_, state_, source_, *property), property->type);
  }

  FormulaValue call_function(const std::string& name, const Arguments& in) {
    if (failed_) return {};
    const auto date = [&](std::size_t i) { return i < in.size() ? std::get_if<FormulaDate>(&in[i]) : nullptr; };
    const auto number = [&](std::size_t i) { return i < in.size() ? number_of(in[i]).value_or(0) : 0; };
    if (name == "now") return FormulaDate{floor_minute(call_.now), true};
    if (name == "today") return FormulaDate{call_.now - call_.now % day_ms, false};
    if (name == "if" && in.size() == 3) return truth(in[0]) ? in[1] : in[2];
    if (name == "or") return std::any_of(in.begin(), in.end(), truth);
    if (name == "and") return std::all_of(in.begin(), in.end(), truth);
    if (in.empty()) return fail_here();
    if (name == "ifs") {
      for (std::size_t i = 0; i + 1 < in.size(); i += 2) {
        if (truth(in[i])) return in[i + 1];
      }
      return in.size() % 2 ? in.back() : FormulaValue();
    }
    if (name == "min" || name == "max") return extreme(in, name == "max");
    if (name == "lower" || name == "upper") return in_case(text_of(in[0]), name == "upper");
    if (name == "empty") return empty(in[0]);
    if (name == "not") return !truth(in[0]);
    if (name == "format") return text_of(in[0]);
    if (name == "toNumber") return number_of(in[0]) ? FormulaValue(*number_of(in[0])) : FormulaValue();
    if (name == "length") {
      const auto* list = std::get_if<std::vector<std::string>>(&in[0]);
      return static_cast<double>(list ? list->size() : text_of(in[0]).size());
    }
    if (name == "concat") {
      std::string all;
      for (const auto& part : in) all += text_of(part);
      return all;
    }
    if (name == "abs") return std::abs(number(0));
    if (name == "round") return std::round(number(0));
    if (name == "floor") return std::floor(number(0));
    if (name == "ceil") return std::ceil(number(0));
    if ((name == "contains" || name == "includes") && in.size() == 2) {
      if (const auto* list = std::get_if<std::vector<std::string>>(&in[0])) {
        return std::find(list->begin(), list->end(), text_of(in[1])) != list->end();
      }
      return text_of(in[0]).find(text_of(in[1])) != std::string::npos;
    }
    if ((name == "minute" || name == "hour") && in.size() == 1) {
      if (!date(0)) return FormulaValue();
      return static_cast<double>(name == "minute" ? date(0)->ms / minute_ms % 60 : date(0)->ms / hour_ms % 24);
    }
    if ((name == "dateAdd" || name == "dateSubtract") && in.size() == 3) {
      const auto unit = text_of(in[2]);
      const auto step = step_of(unit);
      const int months = unit.starts_with("month") ? 1 : unit.starts_with("year") ? 12 : 0;
      if (!step && !months) return fail_here();
      if (!date(0)) return FormulaValue();
      if (months) {
        const auto by = whole_part(number(1) * months, 12.0 * 10'000);
        if (!by) return FormulaValue();
        const int shift = static_cast<int>(name == "dateAdd" ? *by : -*by);
        return date_at(add_months(date(0)->ms, shift), date(0)->has_time);
      }
      const auto by = whole_part(number(1), 1e15 / static_cast<double>(step));
      if (!by) return FormulaValue();
      return date_at(date(0)->ms + (name == "dateAdd" ? *by : -*by) * step, date(0)->has_time || step < day_ms);
    }
    if (name == "fromTimestamp" && in.size() == 1) {
      const auto given = number_of(in[0]);
      const auto ms = given ? whole_part(*given, 1e15) : std::nullopt;
      return ms ? date_at(*ms, true) : FormulaValue();
    }
    if (name == "formatDate" && in.size() == 2) {
      return date(0) ? FormulaValue(formatted(*date(0), text_of(in[1]))) : FormulaValue(std::string());
    }
    if (name == "dateBetween" && in.size() == 3) {
      const auto unit = text_of(in[2]);
      const auto step = step_of(unit);
      const int months = unit.starts_with("month") ? 1 : unit.starts_with("year") ? 12 : 0;
      if (!step && !months) return fail_here();
      if (!date(0) || !date(1)) return FormulaValue();
      // Whole units, as dateBetween counts them.
      const std::int64_t whole =
          months ? months_between(date(1)->ms, date(0)->ms) / months : (date(0)->ms - date(1)->ms) / step;
      return static_cast<double>(whole);
    }
    return fail_here();
  }

  const Call& call_;
  const Page& page_;
  const PageState& state_;
  const Source& source_;
  std::string_view text_;
  std::size_t at_ = 0;
  int nested_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<FormulaValue> evaluate(const Call& call, const Page& page, const PageState& state, const Source& source,
                                     std::string_view expression) {
  return Reader(call, page, state, source, expression).whole();
}

// Notion's functions, the older spellings it still takes included. Not all are computed here.
bool is_function(std::string_view name) {
  static const std::set<std::string_view> names = {
      "prop",         "if",          "ifs",       "and",        "or",        "not",         "empty",
      "length",       "substring",   "contains",  "test",       "match",     "replace",     "replaceAll",
      "lower",        "upper",       "repeat",    "link",       "style",     "unstyle",     "format",
      "add",          "subtract",    "multiply",  "divide",     "mod",       "pow",         "min",
      "max",          "sum",         "median",    "mean",       "abs",       "round",       "ceil",
      "floor",        "sqrt",        "cbrt",      "exp",        "ln",        "log10",       "log2",
      "sign",         "pi",          "e",         "toNumber",   "now",       "today",       "minute",
      "hour",         "day",         "date",      "week",       "month",     "year",        "dateAdd",
      "dateSubtract", "dateBetween", "dateRange", "dateStart",  "dateEnd",   "timestamp",   "fromTimestamp",
      "formatDate",   "parseDate",   "name",      "email",      "at",        "first",       "last",
      "slice",        "concat",      "sort",      "reverse",    "join",      "split",       "unique",
      "includes",     "find",        "findIndex", "filter",     "some",      "every",       "map",
      "flat",         "id",          "equal",     "unequal",    "let",       "lets",        "count",
      "padStart",     "padEnd",      "trim",      "splice",     "start",     "end",         "larger",
      "largerEq",     "smaller",     "smallerEq", "unaryMinus", "unaryPlus", "formatNumber"};
  return names.contains(name);
}

std::string fault_of_expression(const Source& source, std::string_view expression) {
  std::string word;  // the letters just before
  bool names_property = false;
  for (std::size_t at = 0; at < expression.size(); ++at) {
    const char c = expression[at];
    if (c == '"') {
      std::string text;
      for (++at; at < expression.size() && expression[at] != '"'; ++at) {
        if (expression[at] == '\\' && at + 1 < expression.size()) ++at;
        text += expression[at];
      }
      if (at >= expression.size()) return "a text is not closed";
      if (names_property && !source.find(text)) return fmt::format("Undefined property \"{}\"", text);
    } else if (c == '(' && !word.empty()) {
      if (!is_function(word)) return fmt::format("Undefined function \"{}\"", word);
      names_property = word == "prop";
      word.clear();
      continue;
    }
    names_property = names_property && c == ' ';
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    word = letter ? word + c : std::string();
  }
  return {};
}

std::string stored_expression(const World& world, const Source& source, std::string_view expression) {
  std::string out;
  constexpr std::string_view opening = "prop(\"";
  for (std::size_t at = 0; at < expression.size();) {
    if (expression.substr(at).starts_with(opening)) {
      const auto end = expression.find("\")", at + opening.size());
      const auto name = end == std::string_view::npos
                            ? std::string_view()
                            : expression.substr(at + opening.size(), end - at - opening.size());
      if (const auto* property = source.by_name(name)) {
        out += stored_expression_of(property->id, source) + world.space.text() + "}}";
        at = end + 2;
        continue;
      }
    }
    out += expression[at++];
  }
  return out;
}

}  // namespace rowpage::sandbox
