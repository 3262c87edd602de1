// Databases and their data sources, and what stands in a schema.
#pragma once

#include "sandbox/call.h"

namespace rowpage::sandbox {

/// The title as answers show it, kept form.
json::value shown_title(const Database& database);
json::object show_database(const Call& call, const Database& database);
json::object show_source(const Call& call, const Source& source);

Outcome<Database*> find_database(const Call& call, const Id& id);
Outcome<Source*> find_source(const Call& call, const Id& id);

Outcome<json::object> get_database(Call& call, const Id& id);
Outcome<json::object> create_database(Call& call);
Outcome<json::object> update_database(Call& call, const Id& id);
Outcome<json::object> get_source(Call& call, const Id& id);
Outcome<json::object> create_source(Call& call);
Outcome<json::object> update_source(Call& call, const Id& id);
Outcome<json::object> get_templates(Call& call, const Id& id);

}  // namespace rowpage::sandbox
