#include "support/json_schema.h"

#include <algorithm>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>

#include "core/time.h"
#include "support/json_kinds.h"

namespace rowpage::contract {
namespace {

constexpr std::string_view references = "#/components/schemas/";

// Where in the value the check stands: a chain of frames on the C++ stack, spelled out only when something is wrong.
struct Where {
  const Where* up = nullptr;
  std::string_view key;
  std::size_t index = 0;
  bool element = false;
  bool free = false;  // a key that the schema does not name

  std::string pointer() const {
    if (!up) return "";
    return up->pointer() + "/" + (element ? std::to_string(index) : escaped(key));
  }
  std::string place(const Where* begin) const {
    if (!up || this == begin) return "";
    return up->place(begin) + "/" + (element || free ? "*" : escaped(key));
  }
};

// Members that the other parts of an allOf declare, and those of an allOf around it.
struct Beside {
  const std::set<std::string_view>* names;
  const Beside* up;
  bool contains(std::string_view name) const { return names->contains(name) || (up && up->contains(name)); }
};

struct Scope {
  std::string_view name;
  const Where* begin = nullptr;
  const Beside* beside = nullptr;
};

}  // namespace

std::string Violation::text() const {
  static const std::map<std::string_view, std::string_view> words = {
      {"type", "is of the wrong kind"},        {"const", "is not the constant"},
      {"enum", "is not among the values"},     {"required", "lacks a member"},
      {"format", "has the wrong format"},      {"additionalProperties", "has a member that is not in the document"},
      {"maxItems", "has too many items"},      {"oneOf", "is none or several of the alternatives"},
      {"anyOf", "is none of the alternatives"}};
  const auto word = words.find(rule);
  return fmt::format("{}: {} [{} {}] {}{}", at.empty() ? "/" : at, rule, schema, place.empty() ? "/" : place,
                     word == words.end() ? std::string_view("breaks the rule") : word->second,
                     value.empty() ? "" : ": " + value);
}

class SchemaCheck {
 public:
  SchemaCheck(const JsonSchema& schemas, const JsonSchema::Tolerates& tolerates)
      : schemas_(schemas), tolerates_(tolerates) {}

  // Judges the value against the schema; adds to `out`.
  void check(const json::value& schema, const json::value& value, const Where& where, const Scope& scope,
             JsonSchema::Finding& out) const {
    if (schema.is_bool()) {
      if (!schema.get_bool()) report("false", kind_of(value), where, scope, out);
      return;
    }
    const auto& rules = schema.get_object();
    if (const auto* reference = rules.if_contains("$ref")) {
      const std::string_view path = reference->get_string();
      const bool named = path.starts_with(references);
      const Scope inner{named ? path.substr(references.size()) : path, &where, scope.beside};
      check(schemas_.resolve(path), value, where, inner, out);
    }
    if (value.is_null() && find_bool(schema, "nullable")) return;
    if (!check_kind(rules, value, where, scope, out)) return;
    check_literal(rules, value, where, scope, out);
    if (value.is_string()) check_string(rules, value, where, scope, out);
    if (value.is_number()) check_number(rules, value, where, scope, out);
    if (value.is_array()) check_array(rules, value.get_array(), where, scope, out);
    if (value.is_object() && !check_object(schema, value.get_object(), where, scope, out)) return;
    if (const auto* parts = rules.if_contains("allOf")) check_all(parts->get_array(), value, where, scope, out);
    if (const auto* choices = rules.if_contains("anyOf")) choose(choices->get_array(), false, value, where, scope, out);
    if (const auto* choices = rules.if_contains("oneOf")) choose(choices->get_array(), true, value, where, scope, out);
  }

 private:
  void report(std::string_view rule, std::string_view what, const Where& where, const Scope& scope,
              JsonSchema::Finding& out) const {
    Violation violation{where.pointer(), std::string(scope.name), where.place(scope.begin), std::string(rule),
                        std::string(what)};
    const bool known = tolerates_ && tolerates_(violation);
    (known ? out.tolerated : out.violations).push_back(std::move(violation));
  }

  bool check_kind(const json::object& rules, const json::value& value, const Where& where, const Scope& scope,
                  JsonSchema::Finding& out) const {
    const auto* type = rules.if_contains("type");
    if (!type) return true;
    const bool good =
        type->is_string()
            ? is_of(value, type->get_string())
            : std::ranges::any_of(type->get_array(), [&](const auto& one) { return is_of(value, one.get_string()); });
    if (!good) report("type", kind_of(value), where, scope, out);
    return good;
  }

  void check_literal(const json::object& rules, const json::value& value, const Where& where, const Scope& scope,
                     JsonSchema::Finding& out) const {
    if (const auto* constant = rules.if_contains("const"); constant && *constant != value) {
      report("const", shortened(value), where, scope, out);
    }
    if (const auto* values = rules.if_contains("enum")) {
      if (std::ranges::find(values->get_array(), value) == values->get_array().end()) {
        report("enum", shortened(value), where, scope, out);
      }
    }
  }

  void check_string(const json::object& rules, const json::value& value, const Where& where, const Scope& scope,
                    JsonSchema::Finding& out) const {
    const std::string_view text = value.get_string();
    if (const auto* most = rules.if_contains("maxLength")) {
      if (static_cast<double>(code_points(text)) > *as_number(*most)) {
        report("maxLength", std::to_string(code_points(text)), where, scope, out);
      }
    }
    if (const auto* least = rules.if_contains("minLength")) {
      if (static_cast<double>(code_points(text)) < *as_number(*least)) {
        report("minLength", std::to_string(code_points(text)), where, scope, out);
      }
    }
    if (const auto* format = rules.if_contains("format"); format && !has_format(text, format->get_string())) {
      const auto time =
          parse_time(text);  // "2026-11-20T09:30" where a day is wanted: named by its kind, not by its text
      report("format", time ? (time->has_time ? "date-time" : "date") : shortened(value), where, scope, out);
    }
    if (const auto* pattern = rules.if_contains("pattern")) {
      if (!std::regex_search(std::string(text), std::regex(std::string(pattern->get_string())))) {
        report("pattern", shortened(value), where, scope, out);
      }
    }
  }

  void check_number(const json::object& rules, const json::value& value, const Where& where, const Scope& scope,
                    JsonSchema::Finding& out) const {
    const double number = *as_number(value);
    const auto bound = [&](std::string_view rule, auto holds) {
      const auto* limit = rules.if_contains(rule);
      if (limit && !holds(*as_number(*limit))) report(rule, shortened(value), where, scope, out);
    };
    bound("minimum", [&](double limit) { return number >= limit; });
    bound("maximum", [&](double limit) { return number <= limit; });
    bound("exclusiveMinimum", [&](double limit) { return number > limit; });
    bound("exclusiveMaximum", [&](double limit) { return number < limit; });
  }

  void check_array(const json::object& rules, const json::array& array, const Where& where, const Scope& scope,
                   JsonSchema::Finding& out) const {
    const auto size = static_cast<double>(array.size());
    if (const auto* most = rules.if_contains("maxItems"); most && size > *as_number(*most)) {
      report("maxItems", std::to_string(array.size()), where, scope, out);
    }
    if (const auto* least = rules.if_contains("minItems"); least && size < *as_number(*least)) {
      report("minItems", std::to_string(array.size()), where, scope, out);
    }
    const auto* items = rules.if_contains("items");
    if (!items) return;
    for (std::size_t i = 0; i < array.size(); ++i) {
      const Where inner{&where, {}, i, true, false};
      check(*items, array[i], inner, {scope.name, scope.begin, nullptr}, out);
    }
  }

  // False: the object is another kind of thing (a constant of the schema differs), the rest would only be noise.
  bool check_object(const json::value& schema, const json::object& object, const Where& where, const Scope& scope,
                    JsonSchema::Finding& out) const {
    const auto& rules = schema.get_object();
    const auto* properties = rules.if_contains("properties");
    if (properties) {
      const auto before = out.violations.size();
      for (const auto& [key, inner] : properties->get_object()) {
        const auto* member =
            inner.is_object() && inner.get_object().contains("const") ? object.if_contains(key) : nullptr;
        if (!member || inner.get_object().at("const") == *member) continue;
        report("const", shortened(*member), Where{&where, key, 0, false, false}, scope, out);
      }
      if (out.violations.size() > before) return false;
    }
    if (const auto* required = rules.if_contains("required")) {
      for (const auto& key : required->get_array()) {
        if (!object.contains(key.get_string())) report("required", key.get_string(), where, scope, out);
      }
    }
    const auto* additional = rules.if_contains("additionalProperties");
    for (const auto& [key, member] : object) {
      const auto* inner = properties ? properties->get_object().if_contains(key) : nullptr;
      if (inner) {
        if (inner->is_object() && inner->get_object().contains("const")) continue;  // judged above
        check(*inner, member, Where{&where, key, 0, false, false}, {scope.name, scope.begin, nullptr}, out);
      } else if (additional && additional->is_bool()) {
        if (additional->get_bool() || (scope.beside && scope.beside->contains(key))) continue;
        report("additionalProperties", key, where, scope, out);
      } else if (additional) {
        check(*additional, member, Where{&where, key, 0, false, true}, {scope.name, scope.begin, nullptr}, out);
      }
    }
    return true;
  }

  void check_all(const json::array& parts, const json::value& value, const Where& where, const Scope& scope,
                 JsonSchema::Finding& out) const {
    for (const auto& part : parts) {
      const Beside beside{&schemas_.beside(parts, part), scope.beside};
      check(part, value, where, {scope.name, scope.begin, &beside}, out);
    }
  }

  // How far an alternative is from what was meant. A wrong kind or constant: something else was meant.
  static constexpr std::size_t other_thing = 10'000;
  static std::size_t distance(const std::vector<Violation>& violations, const std::string& here) {
    static const std::set<std::string_view> kinds = {"type", "const", "enum", "anyOf", "oneOf"};
    std::size_t sum = 0;
    for (const auto& violation : violations) {
      const bool own = violation.at == here;
      const bool member =
          violation.at.size() > here.size() && violation.at.find('/', here.size() + 1) == std::string::npos;
      const bool literal = violation.rule == "const" || violation.rule == "enum";
      if ((own && kinds.contains(violation.rule)) || (literal && member)) {
        sum += other_thing;
      } else if (own && violation.rule == "additionalProperties") {
        sum += other_thing / 8;  // one or two are news; a handful is another thing
      } else {
        sum += own ? 100 : 1;
      }
    }
    return sum;
  }

  // What a value that no alternative takes is: its "type", else its "object", else its kind.
  static std::string name_of(const json::value& value) {
    for (const std::string_view key : {"type", "object"}) {
      if (const auto name = find_string(value, key); !name.empty()) return std::string(name);
    }
    return value.is_structured() ? std::string(kind_of(value)) : shortened(value);
  }

  void choose(const json::array& choices, bool exactly_one, const json::value& value, const Where& where,
              const Scope& scope, JsonSchema::Finding& out) const {
    JsonSchema::Finding best;
    std::size_t best_distance = 0, matches = 0;
    bool first = true;
    for (const auto& choice : choices) {
      JsonSchema::Finding finding;
      check(choice, value, where, scope, finding);
      if (finding.violations.empty() && finding.tolerated.empty()) {
        if (!exactly_one) return;
        ++matches;
      }
      const auto far = finding.violations.empty() ? 0 : distance(finding.violations, where.pointer());
      const bool nearer =
          far < best_distance || (far == best_distance && finding.tolerated.size() < best.tolerated.size());
      if (first || nearer) {
        best = std::move(finding);
        best_distance = far;
        first = false;
      }
    }
    if (matches > 1) report("oneOf", fmt::format("{} alternatives", matches), where, scope, out);
    const bool nested =
        best.violations.size() == 1 && (best.violations[0].rule == "anyOf" || best.violations[0].rule == "oneOf");
    if (best_distance >= other_thing && !nested) {  // a choice within the choice names the thing more closely
      report(exactly_one ? "oneOf" : "anyOf", name_of(value), where, scope, out);
      return;
    }
    std::ranges::move(best.violations, std::back_inserter(out.violations));
    std::ranges::move(best.tolerated, std::back_inserter(out.tolerated));
  }

  const JsonSchema& schemas_;
  const JsonSchema::Tolerates& tolerates_;
};

JsonSchema::JsonSchema(const json::value& document) : document_(document) {}

const json::value& JsonSchema::resolve(std::string_view reference) const {
  if (const auto known = resolved_.find(reference); known != resolved_.end()) return *known->second;
  if (!reference.starts_with("#/")) throw std::runtime_error("not a local reference: " + std::string(reference));
  boost::system::error_code error;
  const auto* found = document_.find_pointer(reference.substr(1), error);
  if (!found) throw std::runtime_error("a reference leads nowhere: " + std::string(reference));
  resolved_.emplace(reference, found);
  return *found;
}

const std::set<std::string_view>& JsonSchema::declared(const json::value& schema) const {
  if (const auto known = declared_.find(&schema); known != declared_.end()) return known->second;
  auto& names = declared_[&schema];  // stands empty meanwhile, so a schema that contains itself ends
  std::set<std::string_view> found;
  if (const auto* reference = find(schema, "$ref")) found = declared(resolve(reference->get_string()));
  if (const auto* properties = find_object(schema, "properties")) {
    for (const auto& member : *properties) found.insert(member.key());
  }
  for (const std::string_view several : {"allOf", "anyOf", "oneOf"}) {
    const auto* parts = find_array(schema, several);
    if (!parts) continue;
    for (const auto& part : *parts) found.insert(declared(part).begin(), declared(part).end());
  }
  names = std::move(found);
  return names;
}

const std::set<std::string_view>& JsonSchema::beside(const json::array& parts, const json::value& part) const {
  if (const auto known = beside_.find(&part); known != beside_.end()) return known->second;
  auto& names = beside_[&part];
  for (const auto& other : parts) {
    if (&other != &part) names.insert(declared(other).begin(), declared(other).end());
  }
  return names;
}

void JsonSchema::vet(const json::value& schema) const {
  static const std::set<std::string_view> known = {"$ref",
                                                   "type",
                                                   "properties",
                                                   "required",
                                                   "const",
                                                   "enum",
                                                   "additionalProperties",
                                                   "items",
                                                   "maxItems",
                                                   "minItems",
                                                   "oneOf",
                                                   "anyOf",
                                                   "allOf",
                                                   "minimum",
                                                   "maximum",
                                                   "maxLength",
                                                   "minLength",
                                                   "format",
                                                   "pattern",
                                                   "nullable",
                                                   "description",
                                                   "title",
                                                   "exclusiveMinimum",
                                                   "examples",
                                                   "example",
                                                   "deprecated",
                                                   "default",
                                                   "exclusiveMaximum"};
  if (schema.is_bool()) return;
  if (!schema.is_object()) throw std::runtime_error("not a schema: " + shortened(schema));
  for (const auto& [key, inner] : schema.get_object()) {
    if (!known.contains(key) && !key.starts_with("x-")) {
      throw std::runtime_error("a keyword that is not understood: " + std::string(key));
    }
    if (key == "$ref") resolve(inner.get_string());
    if (key == "items" || (key == "additionalProperties" && inner.is_object())) vet(inner);
    if (key == "properties") {
      for (const auto& member : inner.get_object()) vet(member.value());
    }
    if (key == "oneOf" || key == "anyOf" || key == "allOf") {
      for (const auto& part : inner.get_array()) vet(part);
    }
  }
}

JsonSchema::Finding JsonSchema::check(const json::value& schema, std::string_view name, const json::value& value,
                                      const Tolerates& tolerates) const {
  Finding finding;
  const Where root;
  SchemaCheck(*this, tolerates).check(schema, value, root, {name, &root, nullptr}, finding);
  return finding;
}

}  // namespace rowpage::contract
