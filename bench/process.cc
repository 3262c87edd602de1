#include "bench/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace rowpage::bench {
namespace {

constexpr auto look_every = std::chrono::milliseconds(5);

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double peak_mib(pid_t child) {
  std::ifstream status("/proc/" + std::to_string(child) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

}  // namespace

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

pid_t start(const std::vector<std::string>& words, const Environment& environment, const std::string& folder,
            const std::string& name) {
  std::vector<std::string> variables = {"PATH=/usr/bin:/bin"};
  for (const auto& [key, value] : environment) variables.push_back(key + "=" + value);
  std::vector<char*> argv, envp;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  for (auto& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const std::string out_file = folder + "/" + name + ".out", err_file = folder + "/" + name + ".err";
  // Until the program itself runs, the child's memory is ours, and would be taken for its peak: exec closes the pipe.
  int begun[2];
  if (::pipe2(begun, O_CLOEXEC) != 0) return -1;
  const pid_t child = ::fork();
  if (child != 0) {
    ::close(begun[1]);
    char nothing = 0;
    (void)!::read(begun[0], &nothing, 1);
    ::close(begun[0]);
    return child;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // whatever ends the benchmark ends what it started
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(out_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = ::open(err_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

Finished run(const std::vector<std::string>& words, const Environment& environment, const std::string& folder) {
  Finished finished;
  const auto began = std::chrono::steady_clock::now();
  const pid_t child = start(words, environment, folder, "child");
  if (child < 0) return finished;
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, WNOHANG, &usage) == 0) {
    finished.cost.peak_mib = std::max(finished.cost.peak_mib, peak_mib(child));
    std::this_thread::sleep_for(look_every);
  }
  finished.cost.took_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  finished.cost.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  finished.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.out = slurp(folder + "/child.out");
  finished.err = slurp(folder + "/child.err");
  return finished;
}

}  // namespace rowpage::bench
