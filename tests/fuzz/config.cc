// rowpage.yaml with the .env beside it: every config is read whole or refused with reasons that have a place.
//
// Input: the config, or the name of a preset in a line of its own; then, behind a line "%", the .env.
#include "base/log.h"
#include "config/environment.h"
#include "config/read.h"
#include "fuzz/fuzz.h"

using namespace rowpage;
using fuzz::claim;

// The library (libfyaml 0.7.12) forgets a table of 512 bytes when a quoted text of many parts is never closed. A config
// is read once, and the program ends with that message; what we take from the library we give back by destructors
// (node.cc).
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfyaml.so";
}

ROWPAGE_FUZZ(config) {
  const auto parts = fuzz::parts_of(bytes, 2);
  Environment::Values values;
  if (parts.size() > 1) {
    if (auto read = parse_env_file(parts[1], ".env")) values = std::move(*read);
  }
  const Environment environment(std::move(values), {});
  std::string_view text = parts[0];
  if (const auto preset = preset_text(text)) text = *preset;
  const auto config = read_config(text, "rowpage.yaml", environment);
  if (!config) {
    claim(config.error().cause == Cause::usage && !config.error().what.empty(),
          "a refusal is a usage error with words");
    return;
  }
  claim(config->pairs.size() == config->wanted.size(), "every pair has what setup makes of it");
  for (const auto& pair : config->pairs) {
    claim(!pair.model.empty() && !pair.table.empty(), "a pair has a name and a table");
    for (const auto& field : pair.fields) {
      claim(field.relation.kind == Relation::Kind::none || !field.relation.to.empty(), "a relation leads somewhere");
    }
  }
  (void)complete(*config, Needs{});
}
