// Property configurations: reading what a client wants of a schema, applying it, showing it.
#pragma once

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// {"id","name","description","type",TYPE:{…}}
json::object show_property(const Call& call, const Source& source, const Property& property);

/// The "properties" object of a create or update request, applied to the source: new names add, null deletes, {"name"}
/// renames, a configuration changes settings or type. Nothing is changed on a refusal.
Outcome<void> edit_schema(Call& call, Source& source, const json::value& properties);

/// Properties stand in the order of their ids, the title last, as the service shows them.
void sort_properties(Source& source);

/// A property as a data source answer shows it, for imports.
Property import_property(World& world, std::string_view name, const json::value& shown);

}  // namespace rowpage::sandbox
