// Reading a data source's schema and changing one property of it: what all of setup's schema writes are made of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "core/result.h"
#include "core/schema.h"
#include "notion/caller.h"

namespace rowpage {

/// What changes of a schema did, for a person.
struct SchemaChange {
  SourceSchema schema;             // as read back at the end
  std::vector<std::string> done;   // "added Checksum (rich_text)"
  std::vector<std::string> notes;  // what was left alone, and why
};

/// The data source object as Notion shows it.
Result<json::value> get_source(Caller& caller, const std::string& id);

/// The property of exactly this name in a data source object; null: none.
const json::value* property_named(const json::value& source, std::string_view name);

/// The property a field binds to: its name or one of its other names, exactly first, then ignoring case; null: none.
const json::value* property_bound(const json::value& source, const std::string& name,
                                  std::span<const std::string> also);

/// A data source read back after a change of one property.
struct Patched {
  json::value source;
  std::optional<Error> doubt;  // no answer came: whether the change was made, only `source` tells
};

/// Sends one property's settings under `key` (a name, or an encoded id) and reads the data source back. Errors (pair):
/// Notion's refusal.
Result<Patched> patch_property(Caller& caller, const std::string& source, const std::string& key, json::value settings,
                               std::string_view name);

/// Why a change is not to be seen: the missing answer if that was it, else "Notion did not WHAT property NAME", for it
/// answered yes: schema_drift (pair).
Error not_made(const Patched& patched, std::string_view name, std::string_view what);

}  // namespace rowpage
