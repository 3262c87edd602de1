// fire [--seed N] [--count N] [--jobs N] [--keep-going] [--way WAY] [--mutant N]: the real binary under fire, seed by
// seed (story.h).
//
// With --way the program reaches PostgreSQL through a pooler (session, transaction), or has no connection but
// Supabase's Data API, played by a stand-in (data-api). With --mutant a rule of core/mutant.h is switched off (target
// rowpage_mutable), and the first seed that notices ends it. Prints what was done and, for a seed that broke a promise,
// what was wrong and the command that replays it. With
// --seed alone one seed is played and told. FIRE_KEEP=1 leaves its folder behind. The exit code is 0 only when nothing
// broke.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "fire/stage.h"
#include "fire/story.h"

namespace {

using namespace rowpage;

// Plays every `jobs`-th seed in a process of its own and writes a line of JSON a seed.
int work(std::uint64_t seed, std::uint64_t count, std::uint64_t jobs, bool verbose, int out) {
  auto cluster = fire::start_cluster();
  if (!cluster) {
    std::fprintf(stderr, "fire: %s\n", cluster.error().what.c_str());
    return 1;
  }
  for (std::uint64_t n = 0; n < count; n += jobs) {
    const auto result = fire::run_story(*cluster, seed + n, verbose);
    json::object line{{"seed", seed + n}};
    json::array wrong;
    for (const auto& each : result.wrong) wrong.push_back(json::string(each));
    line["wrong"] = std::move(wrong);
    json::object tally;
    for (const auto& [name, number] : result.tally) tally[name] = number;
    line["tally"] = std::move(tally);
    const std::string text = to_text(line) + "\n";
    if (::write(out, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return 1;
  }
  return 0;
}

}  // namespace

static bool known_way(std::string_view way) {
  return way == "direct" || way == "session" || way == "transaction" || way == "data-api";
}

int main(int argc, char** argv) {
  std::uint64_t seed = 1, count = 0, jobs = 2;
  bool keep_going = false, mutant = false;
  std::string way;
  for (int i = 1; i < argc; ++i) {
    const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
    const std::string option = argv[i];
    if (option == "--seed") {
      seed = number();
    } else if (option == "--count") {
      count = number();
    } else if (option == "--jobs") {
      jobs = number();
    } else if (option == "--keep-going") {
      keep_going = true;
    } else if (option == "--way" && i + 1 < argc && known_way(argv[i + 1])) {
      way = std::string(" --way ") + argv[i + 1];
      ::setenv("FIRE_WAY", argv[++i], 1);
    } else if (option == "--mutant") {
      mutant = true;
      ::setenv("FIRE_MUTANT", std::to_string(number()).c_str(), 1);
    } else {
      std::fprintf(stderr,
                   "fire: there is no option \"%s\"\n  fire [--seed N] [--count N] [--jobs N] [--keep-going] "
                   "[--way direct|session|transaction|data-api] [--mutant N]\n",
                   argv[i]);
      return 2;
    }
  }
  const bool alone = count == 0;
  if (alone) count = 1;
  jobs = std::max<std::uint64_t>(1, std::min(jobs, count));

  const auto start = std::chrono::steady_clock::now();
  int ends[2];
  if (::pipe(ends) != 0) return 1;
  std::vector<pid_t> workers;
  for (std::uint64_t n = 0; n < jobs; ++n) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      ::_exit(work(seed + n, count - n, jobs, alone, ends[1]));
    }
    workers.push_back(child);
  }
  ::close(ends[1]);

  std::map<std::string, std::uint64_t> total;
  std::uint64_t done = 0, failed = 0;
  std::FILE* lines = ::fdopen(ends[0], "r");
  char* text = nullptr;
  std::size_t room = 0;
  for (ssize_t size; (size = ::getline(&text, &room, lines)) > 0;) {
    const auto line = parse_json(std::string_view(text, static_cast<std::size_t>(size)));
    if (!line) continue;
    ++done;
    for (const auto& [name, number] : *find_object(*line, "tally")) {
      auto& sum = total[std::string(name)];
      const auto value = static_cast<std::uint64_t>(as_number(number).value_or(0));
      sum = name == "healing_most" ? std::max(sum, value) : sum + value;
    }
    const auto& wrong = *find_array(*line, "wrong");
    if (!wrong.empty()) {
      ++failed;
      const std::string which = to_text(*find(*line, "seed"));
      std::printf("seed %s:\n", which.c_str());
      for (const auto& each : wrong) std::printf("    %s\n", std::string(each.get_string()).c_str());
      std::printf("  replay: fire --seed %s%s\n", which.c_str(), way.c_str());
      if (mutant || (!keep_going && failed >= 5)) break;
    }
    if (!alone && ::isatty(1))
      std::printf("\r%llu of %llu", static_cast<unsigned long long>(done), static_cast<unsigned long long>(count));
    std::fflush(stdout);
  }
  std::free(text);
  std::fclose(lines);
  bool broken = false;
  for (const pid_t worker : workers) {
    if (done < count) ::kill(worker, SIGKILL);  // its guardian stops its PostgreSQL
    int status = 0;
    ::waitpid(worker, &status, 0);
    broken = broken || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    if (done < count) fire::remove_folders(worker);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("\n");
  for (const auto& [name, number] : total)
    std::printf("  %-20s %10llu\n", name.c_str(), static_cast<unsigned long long>(number));
  std::printf("fire seeds %llu failed %llu seconds %.0f seconds_per_seed %.2f\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(failed), seconds, done ? seconds / static_cast<double>(done) : 0.0);
  return failed > 0 || broken || done < count ? 1 : 0;
}
