#include "postgres/split_database.h"

namespace rowpage {
namespace {

bool out_of_sight(const Error& error) {
  return error.cause == Cause::forbidden;
}

}  // namespace

Result<std::vector<Answer>> SplitDatabase::read(std::span<const Statement> statements, std::string_view doing) {
  auto answers = questions_.read(statements, doing);
  return answers || !out_of_sight(answers.error()) ? std::move(answers) : changes_.read(statements, doing);
}

Result<std::string> SplitDatabase::call(const std::string& function, const std::string& request, std::string_view doing,
                                        bool private_values) {
  return questions_.call(function, request, doing, private_values);
}

Status SplitDatabase::execute(const std::string& script, std::string_view doing) {
  return changes_.execute(script, doing);
}

Status SplitDatabase::run_unit(bool writes, const std::function<Status(Unit&)>& body) {
  const std::function<Result<bool>(Unit&)> whole = [&body](Unit& unit) -> Result<bool> {
    if (Status status = body(unit); !status) return fail(status.error());
    return true;
  };
  auto done = writes ? changes_.write<bool>(whole) : questions_.read<bool>(whole);
  if (!done && !writes && out_of_sight(done.error())) done = changes_.read<bool>(whole);
  if (!done) return fail(done.error());
  return {};
}

}  // namespace rowpage
