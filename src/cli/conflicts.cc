// rowpage conflicts: fields that both sides changed. Both values are kept; an open one waits for a person to choose.
#include <charconv>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/inbox.h"
#include "cli/record_work.h"
#include "core/value.h"

namespace rowpage {
namespace {

constexpr std::size_t listed_most = 1000;

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(json::string(*text)) : json::value(nullptr);
}

json::object to_json(const ConflictRow& conflict) {
  json::object out;
  out["id"] = conflict.id;
  out["model"] = conflict.model;
  out["key"] = conflict.key;
  out["page_id"] = conflict.page_id;
  out["field"] = conflict.field;
  out["at"] = conflict.at;
  out["page"] = conflict.page;
  out["row"] = conflict.row;
  out["base_page"] = conflict.base_page;
  out["base_row"] = conflict.base_row;
  out["page_at"] = text_or_null(conflict.page_at);
  out["row_at"] = text_or_null(conflict.row_at);
  out["winner"] = text_or_null(conflict.winner);
  out["reason"] = conflict.reason;
  return out;
}

std::string shown(const json::value& stored, std::size_t limit) {
  const auto value = value_from_json(stored);
  return printable(value ? display(*value, limit) : to_text(stored));
}

void show_short(Output& output, const ConflictRow& conflict) {
  output.line(fmt::format("{:>6}  {}  {} {}  field {}  {}", conflict.id, readable_time(conflict.at), conflict.model,
                          conflict.key.empty() ? conflict.page_id : conflict.key, conflict.field,
                          conflict.winner ? "won by " + *conflict.winner : "waits"));
  output.line(fmt::format("        Notion {}   Supabase {}", shown(conflict.page, 60), shown(conflict.row, 60)));
}

void show_whole(Output& output, const ConflictRow& conflict) {
  const std::size_t everything = 100'000;
  output.line(fmt::format("conflict {} of {}, field {}", conflict.id, conflict.model, conflict.field));
  output.line(fmt::format("  row       {}\n  page      {}\n  found     {}", conflict.key, conflict.page_id,
                          readable_time(conflict.at)));
  output.line(fmt::format("  agreed    {}", shown(conflict.base_page, everything)));
  output.line(fmt::format("  Notion    {}   changed {}", shown(conflict.page, everything),
                          readable_time(conflict.page_at.value_or("(time not known)"))));
  output.line(fmt::format("  Supabase  {}   changed {}", shown(conflict.row, everything),
                          readable_time(conflict.row_at.value_or("(time not known)"))));
  output.line(fmt::format("  {}: {}", conflict.winner ? "winner " + *conflict.winner : "waits for a decision",
                          conflict.reason));
  if (!conflict.winner) {
    output.line(fmt::format("\nrowpage conflicts resolve {} --take notion|supabase", conflict.id));
  }
}

int list(Session& session, const Arguments& arguments, Output& output) {
  auto conflicts = conflict_rows(session, 0, !arguments.has("--all"), listed_most);
  if (!conflicts) return output.finish("conflicts", conflicts.error());
  json::array array;
  for (const auto& conflict : *conflicts) {
    show_short(output, conflict);
    array.push_back(to_json(conflict));
  }
  if (conflicts->empty()) {
    output.line(arguments.has("--all")
                    ? "no conflict so far"
                    : "no conflict waits for a decision (settled ones: rowpage conflicts list --all)");
  }
  return output.finish("conflicts", ExitCode::done, {{"conflicts", std::move(array)}});
}

int show(Session& session, std::int64_t id, Output& output) {
  auto conflicts = conflict_rows(session, id, false, 1);
  if (!conflicts) return output.finish("conflicts", conflicts.error());
  if (conflicts->empty()) return output.finish("conflicts", no_such("conflict", id, "rowpage conflicts list --all"));
  show_whole(output, conflicts->front());
  return output.finish("conflicts", ExitCode::done, {{"conflict", to_json(conflicts->front())}});
}

int resolve(Session& session, std::int64_t id, const Arguments& arguments, Output& output) {
  const auto take = arguments.get("--take").value_or("");
  if (take != "notion" && take != "supabase") {
    return output.finish("conflicts",
                         usage_error("`rowpage conflicts resolve` needs --take notion or --take supabase", ""));
  }
  auto conflicts = conflict_rows(session, id, false, 1);
  if (!conflicts) return output.finish("conflicts", conflicts.error());
  if (conflicts->empty()) return output.finish("conflicts", no_such("conflict", id, "rowpage conflicts list"));
  const auto& conflict = conflicts->front();
  if (conflict.winner) {
    return output.finish("conflicts",
                         usage_error(fmt::format("conflict {} is settled already: {} won", id, *conflict.winner),
                                     "edit the record on either side; the next sync carries it over"));
  }
  auto chosen =
      choose(session, conflict, take == "notion" ? Side::notion : Side::supabase, arguments.has("--wait") ? day_ms : 0);
  if (!chosen) return output.finish("conflicts", chosen.error());
  output.line(fmt::format("noted: {} wins conflict {}; the next sync carries it out", take, id));
  return output.finish("conflicts", ExitCode::done, {{"conflict", id}, {"take", take}});
}

int run(const Arguments& arguments, Output& output) {
  const auto& words = arguments.words;
  const std::string action = words.empty() ? "list" : words[0];
  if (auto known = check_action("conflicts", action, {"list", "show", "resolve"}); !known) {
    return output.finish("conflicts", known.error());
  }
  const auto id = word_id("conflicts", action, words, action != "list");
  if (!id) return output.finish("conflicts", id.error());
  Session::Use use;
  use.writes = action == "resolve";
  use.needs = {use.writes, true, use.writes, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("conflicts", session.error());
  if (action == "list") return list(**session, arguments, output);
  if (action == "show") return show(**session, *id, output);
  return resolve(**session, *id, arguments, output);
}

}  // namespace

Command conflicts_command() {
  return {
      "conflicts",
      "list | show | resolve what both sides changed",
      "conflicts list [--all] | show ID | resolve ID --take notion|supabase",
      "Every conflict is kept with both values and the one agreed before, also when the policy settled it. Those that\n"
      "wait for a person (prefer: ask, first: ask) are listed; --all lists all. `resolve` notes the choice, and the\n"
      "next sync carries it out.\n",
      {{"--all", "", "list settled conflicts too"},
       {"--take", "SIDE", "notion or supabase: whose value is to win"},
       {"--wait", "", "wait while another runner holds the workspace, instead of exit 7"}},
      true,
      run};
}

}  // namespace rowpage
