// Adding the properties a pair needs to a data source.
//
// Notion's schema writes need care. A list of options replaces the old one, and rows lose what is left out; one bad
// part can sink a whole request that still answers 200. So nothing is ever taken away, one property travels per
// request, and each is read back before it counts as done. Every function may be run again.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "notion/source_edit.h"

namespace rowpage {

/// A property as it is to be.
struct WantedProperty {
  std::string name;
  std::string type;                       // Notion's word
  std::vector<std::string> options = {};  // of select, multi_select and status
  std::vector<std::string> also = {};     // other names under which it may be there already
  std::string format = {};                // of a number: "dollar"; empty: "number"
  std::string expression = {};            // of a formula, naming properties as prop("Name")
};

/// All properties a pair needs: its fields' and its bookkeeping's. Relations are left out: their targets must be there
/// first, so they are added when all databases are (notion/relations.h).
std::vector<WantedProperty> wanted_properties(const PairSpec& spec);

/// A property's settings as Notion takes them, under the name of its type.
json::value settings_of(const WantedProperty& wanted);

/// True for what add_properties() adds: neither a relation nor a formula.
bool stands_alone(const WantedProperty& wanted);

/// Adds missing properties and options; changes and removes nothing: a property there with another type is left alone,
/// with a note. Relations and formulas are passed over. schema_drift (pair): Notion accepted a change and did not make
/// it.
Result<SchemaChange> add_properties(Caller& caller, const std::string& data_source,
                                    std::span<const WantedProperty> properties);

/// Adds the formulas among `properties`, which is done last, for they name the others. They are conveniences: one that
/// Notion refuses is skipped with a note that says why. An expression names a property as it is wanted; where it is
/// there under another of its names, that name is put in.
Result<SchemaChange> add_formulas(Caller& caller, const std::string& data_source,
                                  std::span<const WantedProperty> properties);

}  // namespace rowpage
