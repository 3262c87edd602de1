// rowpage verify: both sides read whole and compared by values alone. Writes nothing, needs no setup.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/runner.h"
#include "engine/verify.h"

namespace rowpage {
namespace {

constexpr std::size_t told_by_default = 20;  // differences a pair

std::string_view kind_name(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::field:
      return "field";
    case Difference::Kind::only_notion:
      return "only_notion";
    case Difference::Kind::only_supabase:
      return "only_supabase";
    case Difference::Kind::unreadable:
      return "unreadable";
  }
  return "field";
}

json::object to_json(const Difference& difference) {
  json::object out{{"kind", kind_name(difference.kind)},
                   {"key", difference.key},
                   {"page_id", difference.page_id},
                   {"title", difference.title}};
  if (!difference.field.empty()) out["field"] = difference.field;
  if (difference.kind == Difference::Kind::field) {
    out["notion"] = display(difference.page, 2000);
    out["supabase"] = display(difference.row, 2000);
  }
  out["reason"] = difference.reason;
  return out;
}

json::object to_json(const VerifyReport& report) {
  json::object fields;
  for (const auto& [name, count] : report.fields) fields[name] = count;
  json::array differences;
  for (const auto& difference : report.differences) differences.emplace_back(to_json(difference));
  json::object out{{"model", report.model},
                   {"pages", report.pages},
                   {"rows", report.rows},
                   {"equal", report.equal},
                   {"different", report.different},
                   {"only_notion", report.only_notion},
                   {"only_supabase", report.only_supabase},
                   {"unreadable", report.unreadable},
                   {"fields", std::move(fields)},
                   {"differences", std::move(differences)},
                   {"complete", report.complete},
                   {"requests", report.requests}};
  if (report.error) out["error"] = error_to_json(*report.error);
  return out;
}

std::string name_of_record(const Difference& difference) {
  std::string name = difference.title.empty() ? std::string() : printable("\"" + difference.title + "\"");
  const std::string& id = difference.key.empty() ? difference.page_id : difference.key;
  return name.empty() ? id : name + " (" + id + ")";
}

void show(Output& output, const Difference& difference) {
  std::string what;
  switch (difference.kind) {
    case Difference::Kind::field:
      what = fmt::format("{}: Notion {}, Supabase {}", printable(difference.field),
                         printable(display(difference.page, 60)), printable(display(difference.row, 60)));
      break;
    case Difference::Kind::only_notion:
      what = "only in Notion";
      break;
    case Difference::Kind::only_supabase:
      what = "only in Supabase";
      break;
    case Difference::Kind::unreadable:
      what = printable(difference.field) + ": cannot be compared";
      break;
  }
  output.line(fmt::format("  {}: {}", name_of_record(difference), what));
  if (!difference.reason.empty()) output.line("    " + printable(redact(difference.reason)));
}

void show(Output& output, const VerifyReport& report) {
  output.line(fmt::format("{}: {} and {}; {} equal", output.bold(report.model), counted(report.pages, "page"),
                          counted(report.rows, "row"), report.equal));
  if (report.error) {
    output.error(*report.error);
    return;
  }
  if (!report.complete) {
    output.line("  Notion did not show all pages (at most 10,000 for one minute): what did not show is not judged");
  }
  if (report.same()) return;
  std::string counts;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, what);
  };
  add(report.different, "different");
  add(report.only_notion, "only in Notion");
  add(report.only_supabase, "only in Supabase");
  add(report.unreadable, "not readable whole");
  if (!counts.empty()) output.line("  " + counts);
  for (const auto& [field, count] : report.fields) {
    output.line(fmt::format("  {} differs in {}", printable(field), counted(count, "record")));
  }
  for (const auto& difference : report.differences) show(output, difference);
  std::uint64_t all = report.only_notion + report.only_supabase + report.unreadable;
  for (const auto& [field, count] : report.fields) all += count;
  if (all > report.differences.size()) {
    output.line(fmt::format("  ... and {} more; --limit N shows more of them", all - report.differences.size()));
  }
}

// 0 only when all is equal. Differences that wait for people alone have the codes of what they wait for.
ExitCode code_of(const VerifyReport& report) {
  if (report.error) return exit_code_of(*report.error);
  if (report.same()) return ExitCode::done;
  std::uint64_t all = report.only_notion + report.only_supabase + report.unreadable;
  for (const auto& [field, count] : report.fields) all += count;
  if (!report.complete || report.for_people + report.for_mending < all) return ExitCode::failed;
  return report.for_people > 0 ? ExitCode::conflicts : ExitCode::parked;
}

Result<std::size_t> limit_of(const Arguments& arguments) {
  const auto text = arguments.get("--limit");
  if (!text) return told_by_default;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size()) return number;
  return fail({Effect::none, Scope::workspace, Cause::usage, "--limit takes a whole number, not \"" + *text + "\"",
               "For example --limit 100."});
}

class Verification {
 public:
  Verification(Session& session, Output& output, VerifyOptions options)
      : session_(session), output_(output), options_(options) {}

  int run(const std::vector<std::size_t>& indexes) {
    for (const std::size_t index : indexes) prepare(index);
    announce();
    const Ports ports = session_.ports();
    for (const auto& pair : pairs_) {
      session_.listener().begin(pair.model);
      add(verify_pair(ports, pair, options_));
      if (session_.clock().interrupted()) break;
    }
    if (session_.clock().interrupted()) code_ = worse(code_, ExitCode::interrupted);
    if (code_ == ExitCode::done) output_.line("\nboth sides are equal");
    return output_.finish("verify", code_,
                          {{"equal", code_ == ExitCode::done},
                           {"requests", session_.notion().requests_sent()},
                           {"pairs", std::move(reports_)}});
  }

 private:
  // A pair that does not fit its schemas is told and does not keep the others from being compared.
  void prepare(std::size_t index) {
    const std::string& model = session_.config().pairs[index].model;
    auto pair = ready_pair(session_, model);
    if (pair) {
      pairs_.push_back(std::move(*pair));
      return;
    }
    VerifyReport report;
    report.model = model;
    report.error = pair.error();
    add(report);
  }

  void announce() {
    std::uint64_t requests = 0;
    for (const auto& pair : pairs_) requests += verify_cost(session_.ports(), pair).value_or(1);
    const auto a_minute = static_cast<std::uint64_t>(std::max(1, session_.config().connections.requests_per_minute));
    output_.say(fmt::format(
        "verify reads both sides whole: about {} to Notion ({}), and one more for each page that "
        "shows more than 25 links; nothing is written",
        counted(requests, "request"),
        requests <= a_minute ? "less than a minute" : counted((requests + a_minute - 1) / a_minute, "minute")));
  }

  void add(const VerifyReport& report) {
    code_ = worse(code_, code_of(report));
    show(output_, report);
    reports_.emplace_back(to_json(report));
  }

  Session& session_;
  Output& output_;
  VerifyOptions options_;
  std::vector<Pair> pairs_;
  json::array reports_;
  ExitCode code_ = ExitCode::done;
};

int run(const Arguments& arguments, Output& output) {
  auto limit = limit_of(arguments);
  if (!limit) return output.finish("verify", limit.error());
  Session::Use use;
  use.needs = {true, true, false, false};
  auto session = Session::open(arguments, output, use);
  if (!session) return output.finish("verify", session.error());
  auto indexes = (*session)->selected(arguments.all("--model"));
  if (!indexes) return output.finish("verify", indexes.error());
  VerifyOptions options;
  options.listed = *limit;
  return Verification(**session, output, options).run(*indexes);
}

}  // namespace

Command verify_command() {
  return {
      "verify",
      "compare both sides completely and report every difference",
      "verify [--model NAME]... [--limit N]",
      "Reads every page and every row, whatever changed and whatever earlier syncs believe, and compares them value "
      "by\n"
      "value: counts, and for each difference the record, the field, both values and the likely reason. Says first\n"
      "what that costs in requests. Nothing is written anywhere, no lease is taken, and it works before\n"
      "`rowpage setup`.\n\n"
      "Exits 0 only when both sides are equal; 4 when all differences wait for somebody's decision (rowpage "
      "conflicts),\n"
      "3 when all belong to records that are parked, 1 when there are others.\n",
      {{"--model", "NAME", "only this pair; may be given several times", true},
       {"--limit", "N", "differences told one by one, for each pair (20); all are counted"}},
      false,
      run};
}

}  // namespace rowpage
