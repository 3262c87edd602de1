#include "cli/demo_play.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/term.h"

namespace rowpage {
namespace {

constexpr int index_delay_s = 150;  // longer than the sandbox's queries and searches lag behind
constexpr std::size_t columns = 98;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

Status DemoPlay::lag(int times) {
  const int by_s = times * index_delay_s;
  line(fmt::format("  (the sandbox's clock moves ahead {} s: Notion's queries lag behind writes)", by_s));
  return world_.advance(by_s);
}

void DemoPlay::paragraph(std::string_view text, std::size_t indent) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto own = std::min(rest.find_first_not_of(' '), rest.size());
    std::string out(indent + own, ' ');
    std::size_t used = out.size();
    rest.remove_prefix(own);
    while (!rest.empty()) {
      const auto word_end = std::min(rest.find(' '), rest.size());
      const auto word = rest.substr(0, word_end);
      rest.remove_prefix(std::min(word_end + 1, rest.size()));
      const bool first = used == indent + own;
      if (!first && used + 1 + characters(word) > columns) {
        line(printable(out));
        out = std::string(indent + own, ' ');
        used = out.size();
      } else if (!first) {
        out += ' ';
        ++used;
      }
      out += word;
      used += characters(word);
    }
    line(printable(out));
  }
}

Result<RunOutcome> DemoPlay::sync(const char* name, RunRequest request, std::string_view may_fail) {
  if (request.pairs.empty()) {
    for (std::size_t i = 0; i < session_.config().pairs.size(); ++i) request.pairs.push_back(i);
  }
  request.direction = "both";
  RunOutcome outcome = run_pairs(session_, request);
  object_[name] = outcome.to_json();
  for (const auto& report : outcome.reports) {
    if (report.error && report.model != may_fail) return fail(*report.error);
    if (report.interrupted) break;
  }
  if (outcome.error) return fail(*outcome.error);
  if (auto wanted = still_wanted(); !wanted) return fail(wanted.error());
  return outcome;
}

Status DemoPlay::unexpected(std::string what) {
  return fail(
      {Effect::none, Scope::workspace, Cause::other, "the demo found a fault: " + std::move(what), "please report it"});
}

Status DemoPlay::still_wanted() const {
  if (!session_.clock().interrupted()) return {};
  return fail({Effect::none, Scope::workspace, Cause::interrupted, "the demo was interrupted", ""});
}

}  // namespace rowpage
