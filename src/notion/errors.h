// What an answer of Notion means: one table from status, code and additional_data to Effect, Scope, Cause and words.
//
// The texts of Notion's messages are shown to people and never parsed. Unknown statuses and codes fall back on their
// class.
#pragma once

#include <optional>
#include <string>

#include "core/result.h"
#include "notion/transport.h"

namespace rowpage {

/// Who or what a request concerns, for the error's place and for how much has to stop.
struct Place {
  std::string what;             // "page 0f1e... of Decision", "query of Decision"
  Scope scope = Scope::record;  // page: record; data source: pair; whole connection: workspace
  std::string object = "page";  // what a 404 is about: "page", "data source", "database"
};

/// An answer that is not a success.
struct Trouble {
  Error error;
  std::optional<Millis> pause_ms;  // keep silent that long, whoever asks
  bool blocked = false;            // never ask again: public_api_request_blocked
  bool passing = false;            // may be gone at the next try
  bool overloaded_query = false;   // 503 on a query: ask for less
  std::string committed_id;        // 503 that names what it saved
};

/// nullopt: a success whose body is the object asked for.
std::optional<Trouble> trouble_of(const ApiRequest& request, const ApiResult& result, const Place& place);

/// Retrying, the whole of it: a read may be repeated whenever the trouble may pass, a write only when nothing happened.
bool may_repeat(const ApiRequest& request, const Trouble& trouble);

}  // namespace rowpage
