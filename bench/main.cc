// rowpage_bench [--quick | --linked | --linked-large | --paced | --ways | --growth]: the figures of docs/performance.md
// as one table. Exit code 1 when a bound is missed.
//
// Speed is told in ratios and counts, which mean the same on every machine; the one claim about time is the request
// budget, where time is what is promised.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench/figures.h"
#include "bench/growth.h"
#include "bench/linked_figures.h"
#include "bench/receive.h"
#include "bench/stage.h"
#include "bench/ways.h"

namespace {

using namespace rowpage::bench;

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

enum class Which { all, quick, linked, linked_large, paced, ways, growth };

int figures(Which which) {
  int missed = 0;
  const Report report = [&missed](const Figure& figure) {
    if (!figure.met) ++missed;
    say(fmt::format("| {} | {} | {} | {} | {} | {} |", figure.work, figure.used, figure.necessary, figure.ratio,
                    figure.bound, figure.met ? "yes" : "NO"));
  };
  say("Requests are counted by the sandbox. Its rate limit is off but for the last three figures; its other habits are "
      "on.\n");
  say("| work | used | necessary, or compared with | ratio | at most | met |");
  say("|---|---|---|---|---|---|");
  const bool lots = which == Which::all || which == Which::quick;
  const bool linked = which != Which::paced && which != Which::ways && which != Which::growth;
  if (lots) {
    std::vector<std::int64_t> sizes = {1'000, 10'000};
    if (which == Which::all) sizes.push_back(100'000);
    scale(sizes, report);
  }
  if (linked) {
    load_of_rows(report);
    load_of_pages(report);
    std::vector<std::int64_t> counts = {200};
    if (which != Which::quick) counts.push_back(2'000);
    if (which == Which::linked_large) counts.push_back(20'000);
    linked_scale(counts, report);
  }
  if (which == Which::all || which == Which::paced) paced_creates(report);
  if (which == Which::all || which == Which::ways) {
    ways(report);
    for (const auto& [way, name] : all_ways) {
      if (way == Way::direct && which == Which::all) continue;  // seen above
      scale(
          {1'000, 10'000},
          [&report, name](Figure figure) {
            figure.work = std::string(name) + ": " + figure.work;
            report(figure);
          },
          way);
    }
  }
  if (which == Which::all || which == Which::growth) incremental_growth(report);
  say(missed == 0 ? "\nEvery bound is met." : fmt::format("\n{} bounds are missed.", missed));
  return missed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 4 && std::strcmp(words[1], "receive") == 0) {
      const char* token = std::getenv("NOTION_API_KEY");
      return receive(words[2], token ? token : "", words[3]);
    }
    if (count == 1) return figures(Which::all);
    if (count == 2 && std::strcmp(words[1], "--quick") == 0) return figures(Which::quick);
    if (count == 2 && std::strcmp(words[1], "--linked") == 0) return figures(Which::linked);
    if (count == 2 && std::strcmp(words[1], "--linked-large") == 0) return figures(Which::linked_large);
    if (count == 2 && std::strcmp(words[1], "--paced") == 0) return figures(Which::paced);
    if (count == 2 && std::strcmp(words[1], "--ways") == 0) return figures(Which::ways);
    if (count == 2 && std::strcmp(words[1], "--growth") == 0) return figures(Which::growth);
    std::fprintf(stderr, "usage: rowpage_bench [--quick | --linked | --linked-large | --paced | --ways | --growth]\n");
    return 2;
  } catch (const Trouble& trouble) {
    std::fprintf(stderr, "error: %s\n", trouble.what.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
  }
  return 1;
}
