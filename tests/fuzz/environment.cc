// A .env file: read or refused with its place, and what was read comes back when it is written down again.
#include "config/environment.h"
#include "fuzz/fuzz.h"

using namespace rowpage;
using fuzz::claim;

namespace {

// As a person would write it between double quotes.
std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text + "\"";
}

}  // namespace

ROWPAGE_FUZZ(environment) {
  const auto values = parse_env_file(bytes, ".env");
  if (!values) {
    claim(values.error().line > 0 && !values.error().what.empty(), "a mistake has a place and a reason");
    claim(!as_error({values.error()}, bytes).what.empty(), "a mistake can be shown");
    return;
  }
  std::string written;
  for (const auto& [name, value] : *values) written += name + "=" + quoted(value) + "\n";
  const auto again = parse_env_file(written, ".env");
  claim(again.has_value() && *again == *values, "what was read comes back when written", written);

  const Environment environment(*values, {});
  for (const auto& variable : variables()) {
    const auto found = environment.get(variable.names.front());
    claim(found.has_value() == !environment.found_as(variable.names.front()).empty(), "found values have a name");
    if (found) claim(!found->empty(), "what is blank is not set");
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : *values) names.push_back(name);
  if (!names.empty()) (void)missing_variables(names, *values);
}
