#include "postgres/told_answer.h"

#include <utility>

#include "postgres/record_text.h"

namespace rowpage {
namespace {

class Told : public Answer::Cells {
 public:
  using Line = std::vector<std::optional<std::string>>;
  explicit Told(std::vector<Line> lines) : lines_(std::move(lines)) {}
  int rows() const override { return static_cast<int>(lines_.size()); }
  int columns() const override { return lines_.empty() ? 0 : static_cast<int>(lines_.front().size()); }
  std::optional<std::string_view> cell(int row, int column) const override {
    const auto& line = lines_[static_cast<std::size_t>(row)];
    if (static_cast<std::size_t>(column) >= line.size()) return std::nullopt;
    const auto& cell = line[static_cast<std::size_t>(column)];
    if (!cell) return std::nullopt;
    return std::string_view(*cell);
  }

 private:
  std::vector<Line> lines_;
};

Error unreadable(std::string_view doing) {
  return {Effect::none, Scope::workspace, Cause::unavailable,
          std::string(doing) + ": the answer is not of the form that was asked for",
          "Run `rowpage setup`, which makes its functions anew; is something between Rowpage and Supabase?"};
}

}  // namespace

std::string row_lines(std::string_view sql) {
  return "(select coalesce(pg_catalog.jsonb_agg(rowpage__line::text), '[]') from (" + std::string(sql) +
         ") rowpage__line)";
}

Result<std::vector<Answer>> told_answers(const json::value& lines, std::size_t count, std::string_view doing) {
  if (!lines.is_array() || lines.get_array().size() != count) return fail(unreadable(doing));
  std::vector<Answer> answers;
  for (const auto& of_statement : lines.get_array()) {
    if (!of_statement.is_array()) return fail(unreadable(doing));
    std::vector<Told::Line> told;
    told.reserve(of_statement.get_array().size());
    for (const auto& line : of_statement.get_array()) {
      auto cells = line.is_string() ? parse_record(line.get_string()) : std::nullopt;
      if (!cells) return fail(unreadable(doing));
      told.push_back(std::move(*cells));
    }
    answers.emplace_back(std::make_unique<Told>(std::move(told)));
  }
  return answers;
}

Result<Answer> AskingUnit::run(const std::string& sql, const Parameters& parameters, std::string_view doing) {
  return database_.read(sql, parameters, doing);
}

Status AskingUnit::script(const std::string&, std::string_view doing) {
  return fail(no_statements(doing));
}

}  // namespace rowpage
