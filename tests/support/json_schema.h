// Holds a JSON value against a JSON Schema, as far as Notion's OpenAPI document needs it.
//
// Most of that document are choices between two dozen kinds of property, block or filter. "Matches none of 25" helps
// nobody, so a failed choice reports what is wrong with the alternative that was meant: the one whose constants
// ("type": "relation") fit.
//
// One rule differs from JSON Schema. The document closes each part of an allOf ("additionalProperties": false) and
// means the whole; read by the letter no error and no property could ever match. Here members that another part of the
// same allOf declares are not additional.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace rowpage::contract {

struct Violation {
  std::string at;      // JSON pointer into the value
  std::string schema;  // the named schema it breaks: "pageObjectResponse"
  std::string place;   // pointer from where that schema began; "*" stands for an element or a free key
  std::string rule;    // the keyword: "type", "required", "additionalProperties", …
  std::string value;   // what offends, shortly: a member's name, a kind, a literal
  std::string text() const;
};

class JsonSchema {
 public:
  /// True: this violation is known and counts as none.
  using Tolerates = std::function<bool(const Violation&)>;
  struct Finding {
    std::vector<Violation> violations;
    std::vector<Violation> tolerated;
  };

  /// `document` is what "#/…" references point into; it must outlive this. Throws std::runtime_error for a keyword that
  /// is not understood (then a check would silently check less) and for a reference that leads nowhere.
  explicit JsonSchema(const json::value& document);

  /// Checks that a schema uses nothing but known keywords and resolvable references; throws as the constructor does.
  void vet(const json::value& schema) const;

  /// `name` stands in violations until the first reference names another schema.
  Finding check(const json::value& schema, std::string_view name, const json::value& value,
                const Tolerates& tolerates = {}) const;

  const json::value& resolve(std::string_view reference) const;

 private:
  friend class SchemaCheck;
  const json::value& document_;
  mutable std::map<std::string, const json::value*, std::less<>> resolved_;
  mutable std::map<const json::value*, std::set<std::string_view>> declared_;
  mutable std::map<const json::value*, std::set<std::string_view>> beside_;
  const std::set<std::string_view>& declared(const json::value& schema) const;
  const std::set<std::string_view>& beside(const json::array& parts, const json::value& part) const;
};

}  // namespace rowpage::contract
