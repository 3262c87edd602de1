// Formulas and rollups: enough of them to be honest stand-ins.
//
// Rollups compute every function of the schema list from the first 25 targets, as the real service does in page
// answers. Formulas understand properties, literals, operators and the everyday functions; anything else keeps the
// value it was imported with, or shows an empty text.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// {"type":"string","string":…} and its kin.
json::value show_formula(const Call& call, const Page& page, const PageState& state, const Source& source,
                         const Property& property);

/// {"type":"number","number":…,"function":…} and its kin.
json::value show_rollup(const Call& call, const Page& page, const PageState& state, const Source& source,
                        const Property& property);

/// How a stored expression that is nothing but this property begins.
std::string stored_expression_of(std::string_view property_id, const Source& source);

/// An expression with prop("Name") replaced by the stored form {{notion:block_property:…}}.
std::string stored_expression(const World& world, const Source& source, std::string_view expression);

/// What makes the service refuse an expression: a property or a function that does not exist. Empty: nothing.
std::string fault_of_expression(const Source& source, std::string_view expression);

/// What a formula can hold while it is computed. A date is its ISO text.
struct FormulaDate {
  Millis ms = 0;
  bool has_time = false;
};
using FormulaValue = std::variant<std::monostate, bool, double, std::string, FormulaDate, std::vector<std::string>>;

/// Nothing when the expression uses what is not understood here.
std::optional<FormulaValue> evaluate(const Call& call, const Page& page, const PageState& state, const Source& source,
                                     std::string_view expression);

}  // namespace rowpage::sandbox
