#include "postgres/database.h"

#include <charconv>
#include <chrono>
#include <thread>

namespace rowpage {

std::int64_t Answer::integer(int row, int column) const {
  std::int64_t number = 0;
  const auto digits = text(row, column);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Result<Answer> Database::read(const std::string& sql, const Parameters& parameters, std::string_view doing) {
  const Statement one{sql, parameters};
  auto answers = read({&one, 1}, doing);
  if (!answers) return fail(std::move(answers.error()));
  return std::move(answers->front());
}

Error no_statements(std::string_view doing) {
  return {
      Effect::none, Scope::workspace, Cause::usage,
      std::string(doing) + ": the Data API calls functions, it does not change a schema",
      "Set SUPABASE_PROJECT_ID and SUPABASE_ACCESS_TOKEN, or SUPABASE_DB_URL, for this command; or run the script of "
      "`rowpage setup --print` in Supabase's SQL editor, and then this once more."};
}

Status Database::execute(const std::string&, std::string_view doing) {
  return fail(no_statements(doing));
}

Status Database::repeat(int attempts, const std::function<Step(Error&)>& attempt_once) {
  bool unknown = false;
  Error error;
  for (int attempt = 1; attempt <= attempts; ++attempt) {
    switch (attempt_once(error)) {
      case Step::done:
        return {};
      case Step::failed:
        // The second call looked for the first one before anything else (token, ticket, holder), so its refusal means
        // that the first did not happen; unless it could not look.
        if (unknown && error.cause == Cause::unavailable) error.effect = Effect::unknown;
        return fail(std::move(error));
      case Step::commit_lost:
        unknown = true;
        break;
      case Step::again:
        break;
    }
    if (attempt < attempts) std::this_thread::sleep_for(std::chrono::milliseconds(50 << (2 * (attempt - 1))));
  }
  if (unknown) error.effect = Effect::unknown;
  return fail(std::move(error));
}

}  // namespace rowpage
