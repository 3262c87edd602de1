// A plan as a script to paste.
#include <algorithm>
#include <span>

#include "postgres/setup.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

// What is dropped "if exists" and is not there would be said line by line.
constexpr const char* begin = "begin;\nset local client_min_messages to warning;\n\n";

void write_steps(const std::vector<SetupStep>& steps, std::string& text) {
  std::string why;
  for (const auto& one : steps) {
    if (one.why != why) text += "-- " + one.why + "\n";
    why = one.why;
    text += one.statement;
    if (!one.statement.ends_with(";\n")) text += ";\n";
    text += "\n";
  }
}

// A body in dollar quotes whose tag does not stand in it.
std::string dollar_quoted(const std::string& body) {
  std::string tag = "$rowpage$";
  for (int n = 1; body.find(tag) != std::string::npos; ++n) tag = "$rowpage_" + std::to_string(n) + "$";
  return tag + "\n" + body + tag;
}

// As a statement of PL/pgSQL, which wants to be told that an answer is not wanted.
std::string as_plpgsql(const std::string& statement) {
  constexpr std::string_view select = "select ";
  return statement.starts_with(select) ? "perform " + statement.substr(select.size()) : statement;
}

std::string text_array(const std::vector<std::string>& texts) {
  return quote_literal(array_literal(texts)) + "::text[]";
}

// Steps under conditions that the script looks at when it is run. Neighbours under one condition stand under it
// together: the first of them may be what makes it true.
void write_guarded(std::span<const SetupStep> steps, std::string& text) {
  while (!steps.empty()) {
    const SetupStep& first = steps.front();
    const auto alike = std::ranges::find_if_not(
        steps, [&](const SetupStep& one) { return one.tables == first.tables && one.unless == first.unless; });
    const auto group = steps.first(static_cast<std::size_t>(alike - steps.begin()));
    steps = steps.subspan(group.size());
    if (first.tables.empty() && first.unless.empty()) {
      write_steps({group.begin(), group.end()}, text);
      continue;
    }
    std::string body = "begin\n  if current_setting('rowpage.found')::text[] && " + text_array(first.tables) +
                       (first.unless.empty() ? "" : "\n    or " + first.unless) + " then\n    return;\n  end if;\n";
    std::string why;
    for (const auto& one : group) {
      if (one.why != why) body += "  -- " + one.why + "\n";
      why = one.why;
      body += "  " + as_plpgsql(one.statement) + ";\n";
    }
    text += "do " + dollar_quoted(body + "end\n") + ";\n\n";
  }
}

std::string unseen_script(const SetupPlan& plan) {
  std::vector<std::string> tables;
  for (const auto& step : plan.steps) {
    for (const auto& table : step.tables) {
      if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
    }
  }
  std::string text =
      "-- Rowpage setup for " + plan.place +
      ", written without a look at it. Run this in Supabase's SQL editor, then `rowpage\n"
      "-- setup`, which looks. A table that is there already is left as it is; should it lack something, "
      "`rowpage setup\n-- --print` says then what.\n" +
      std::string(begin);
  text +=
      "do " +
      dollar_quoted(
          "begin\n  if to_regclass('rowpage.meta') is not null then\n"
          "    raise exception 'the schema rowpage is there already: nothing was changed'\n"
          "      using hint = 'Run `rowpage setup --print` again. If it prints this script once more, the schema is "
          "of a version before the Data API: run `rowpage setup` once with SUPABASE_DB_URL.';\n"
          "  end if;\nend\n") +
      ";\n\n-- Tables that are there, and stay as they are.\n"
      "do " +
      dollar_quoted("begin\n  perform set_config('rowpage.found', array(select t from unnest(" + text_array(tables) +
                    ") t where to_regclass(t) is not null)::text, true);\nend\n") +
      ";\n\n";
  write_guarded(plan.steps, text);
  for (const auto& note : plan.notes) text += "-- note: " + note + "\n";
  return text + "commit;\n";
}

}  // namespace

std::string SetupPlan::script() const {
  if (unseen) return unseen_script(*this);
  std::string text = "-- Rowpage setup for " + place + "\n";
  write_steps(before, text);
  text += begin;
  write_steps(steps, text);
  for (const auto& note : notes) text += "-- note: " + note + "\n";
  return text + "commit;\n";
}

}  // namespace rowpage
