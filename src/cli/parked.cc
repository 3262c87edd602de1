// rowpage parked: records that failed alone, or whose page left, each with its reason and the ways out.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/record_work.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::size_t listed_most = 1000;

json::object to_json(const ParkedRow& parked) {
  json::object out;
  out["id"] = parked.id;
  out["model"] = parked.model;
  out["kind"] = parked.kind;
  out["key"] = parked.key;
  out["page_id"] = parked.page_id;
  out["reason"] = parked.reason;
  out["hint"] = parked.hint;
  out["attempts"] = parked.attempts;
  out["at"] = parked.at;
  out["next_try"] = parked.next_try;
  return out;
}

void show(Output& output, const ParkedRow& parked) {
  output.line(fmt::format("{:>6}  {:<9} {}  row {}  page {}", parked.id, parked.kind, parked.model,
                          parked.key.empty() ? "-" : printable(parked.key),
                          parked.page_id.empty() ? "-" : parked.page_id));
  output.line("        " + printable(parked.reason));
  if (!parked.hint.empty()) output.line("        " + printable(parked.hint));
  const auto tries = parked.attempts > 0
                         ? fmt::format("tried {} since, ", counted(static_cast<std::uint64_t>(parked.attempts), "time"))
                         : "";
  output.line(fmt::format("        {}looked at again after {}, or as soon as it changes", tries,
                          readable_time(parked.next_try)));
}

int list(Session& session, Output& output) {
  auto rows = parked_rows(session, 0, listed_most);
  if (!rows) return output.finish("parked", rows.error());
  json::array array;
  for (const auto& parked : *rows) {
    show(output, parked);
    array.push_back(to_json(parked));
  }
  if (rows->empty()) output.line("nothing is parked");
  return output.finish("parked", ExitCode::done, {{"parked", std::move(array)}});
}

int one(Session& session, const std::string& action, std::int64_t id, const Arguments& arguments, Output& output) {
  auto rows = parked_rows(session, id, 1);
  if (!rows) return output.finish("parked", rows.error());
  if (rows->empty()) return output.finish("parked", no_such("parked record", id, "rowpage parked list"));
  const ParkedRow& parked = rows->front();
  if (action == "show") {
    show(output, parked);
    return output.finish("parked", ExitCode::done, {{"parked", to_json(parked)}});
  }
  const Millis wait_ms = arguments.has("--wait") ? day_ms : 0;
  Status done;
  std::string said;
  if (action == "retry") {
    done = retry(session, parked, wait_ms);
    said = "the next sync tries it again";
  } else if (action == "release") {
    done = release(session, parked, wait_ms);
    said =
        "released: its page and its row are no longer tied and stay as they are; each is a record of its own from its "
        "next change, or `rowpage sync --full`, on";
  } else {
    const std::string page_id = canonical_id(arguments.get("--page").value_or(""));
    if (page_id.empty()) {
      return output.finish("parked", usage_error("`rowpage parked relink` needs --page with a page's id or link", ""));
    }
    done = relink(session, parked, page_id, wait_ms);
    said = "relinked: the next sync compares the page and the row";
  }
  if (!done) return output.finish("parked", done.error());
  output.line(said);
  return output.finish("parked", ExitCode::done, {{"action", action}, {"id", id}});
}

int run(const Arguments& arguments, Output& output) {
  const auto& words = arguments.words;
  const std::string action = words.empty() ? "list" : words[0];
  if (auto known = check_action("parked", action, {"list", "show", "retry", "release", "relink"}); !known) {
    return output.finish("parked", known.error());
  }
  const auto id = word_id("parked", action, words, action != "list");
  if (!id) return output.finish("parked", id.error());
  Session::Use use;
  use.writes = action != "list" && action != "show";
  use.needs = {use.writes, true, use.writes, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("parked", session.error());
  return action == "list" ? list(**session, output) : one(**session, action, *id, arguments, output);
}

}  // namespace

Command parked_command() {
  return {"parked",
          "list | show | retry | release | relink records that wait",
          "parked list | show ID | retry ID | release ID | relink ID --page PAGE",
          "A record that fails alone is parked with its reason; the rest goes on, and it is tried again by itself. "
          "`retry`\n"
          "tries it in the next sync; `release` drops the tie between its page and its row; `relink` ties its row to\n"
          "another page. A record whose page was moved, archived or unshared is held: it shows here too.\n",
          {{"--page", "PAGE", "relink: the page's id or link"},
           {"--wait", "", "wait while another runner holds the workspace, instead of exit 7"}},
          true,
          run};
}

}  // namespace rowpage
