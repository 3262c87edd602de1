#include "postgres/private_cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

namespace rowpage {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Error broken(std::string what, std::string hint = {}) {
  return Error{.scope = Scope::workspace, .cause = Cause::other, .what = std::move(what), .hint = std::move(hint)};
}

std::string random_hex(int digits) {
  std::random_device device;
  std::string text;
  for (int i = 0; i < digits; ++i) text += "0123456789abcdef"[device() & 15U];
  return text;
}

std::string tail_of(const std::string& file) {
  std::ifstream stream(file);
  std::string line, tail;
  while (std::getline(stream, line)) {
    if (!line.empty()) tail = line;
  }
  return tail;
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void own(const fs::path& path, const Unprivileged& user) {
  if (geteuid() == 0) (void)::chown(path.c_str(), user.uid, user.gid);
}

/// Waits on its input, which only the owner holds. A line means the owner has cleaned up itself.
constexpr const char* guardian_script =
    "read word && exit 0; kill -QUIT $1 2>/dev/null; i=0; while kill -0 $1 2>/dev/null && [ $i -lt 100 ]; do sleep "
    "0.1; "
    "i=$((i+1)); done; kill -KILL $1 2>/dev/null; rm -rf -- \"$2\"";

}  // namespace

std::string find_postgres_binaries() {
  const auto has_both = [](const fs::path& dir) { return fs::exists(dir / "initdb") && fs::exists(dir / "postgres"); };
  std::vector<fs::path> candidates;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    candidates.push_back(entry.path() / "bin");
  std::ranges::sort(candidates, [](const fs::path& a, const fs::path& b) {  // newest first
    return std::atoi(a.parent_path().filename().c_str()) > std::atoi(b.parent_path().filename().c_str());
  });
  std::string path = std::getenv("PATH") != nullptr ? std::getenv("PATH") : "";
  for (std::size_t start = 0; start < path.size();) {
    const auto end = std::min(path.find(':', start), path.size());
    candidates.emplace_back(path.substr(start, end - start));
    start = end + 1;
  }
  for (const char* dir : {"/usr/pgsql/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin"}) candidates.emplace_back(dir);
  for (const auto& dir : candidates) {
    if (has_both(dir)) return dir;
  }
  return {};
}

int free_loopback_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (socket >= 0 && bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(socket);
  return port;
}

Result<Unprivileged> unprivileged_user() {
  if (geteuid() != 0) return Unprivileged{geteuid(), getegid()};
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* user = getpwnam(name); user != nullptr && user->pw_uid != 0)
      return Unprivileged{user->pw_uid, user->pw_gid};
  }
  return fail(
      broken("PostgreSQL does not run as root and there is no user postgres or nobody", "Run as an ordinary user."));
}

pid_t spawn(const std::vector<std::string>& command, uid_t uid, gid_t gid, const std::string& log, int input) {
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const bool drop = geteuid() == 0 && uid != static_cast<uid_t>(-1);
  const pid_t child = fork();
  if (child == 0) {  // only async-signal-safe calls from here
    setsid();        // Ctrl-C at the terminal is the owner's business
    if (drop && (setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0)) _exit(126);
    dup2(input >= 0 ? input : nothing, 0);
    dup2(output >= 0 ? output : nothing, 1);
    dup2(output >= 0 ? output : nothing, 2);
    if (chdir("/") != 0) _exit(126);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  if (output >= 0) close(output);
  if (nothing >= 0) close(nothing);
  return child;
}

Result<PrivateCluster> PrivateCluster::start(const PrivateClusterOptions& options) {
  PrivateCluster cluster;
  cluster.bin_dir_ = options.bin_dir.empty() ? find_postgres_binaries() : options.bin_dir;
  if (cluster.bin_dir_.empty()) {
    return fail(broken("no PostgreSQL server is installed on this machine (initdb and postgres not found)",
                       "Debian: apt-get install postgresql; other systems: put PostgreSQL's bin folder into PATH."));
  }
  auto user = unprivileged_user();
  if (!user) return fail(user.error());
  std::string pattern = options.parent + "/rowpage-pg-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) return fail(broken("cannot make a directory in " + options.parent));
  cluster.directory_ = pattern;
  cluster.keep_ = false;  // until it runs, a failure cleans up
  cluster.password_ = random_hex(32);
  own(cluster.directory_, *user);

  const std::string password_file = cluster.directory_ + "/password";
  const std::string data = cluster.directory_ + "/data";
  const std::string log = cluster.directory_ + "/server.log";
  std::ofstream(log).close();
  {
    const int file = open(password_file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const std::string line = cluster.password_ + "\n";
    if (file < 0 || write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      if (file >= 0) close(file);
      return fail(broken("cannot write into " + cluster.directory_));
    }
    close(file);
  }
  own(password_file, *user);
  own(log, *user);
  const pid_t init = spawn({cluster.bin_dir_ + "/initdb", "-D", data, "-U", "postgres", "--auth=scram-sha-256",
                            "--pwfile=" + password_file, "--encoding=UTF8", "--no-locale", "--no-sync"},
                           user->uid, user->gid, log);
  if (init < 0 || wait_for(init) != 0) return fail(broken("initdb failed: " + tail_of(log)));
  fs::remove(password_file);
  {
    std::ofstream settings(data + "/postgresql.auto.conf", std::ios::app);
    settings << "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nshared_buffers = "
                "'64MB'\nmax_connections = 60\n"
             << "listen_addresses = '127.0.0.1'\nunix_socket_directories = '" << cluster.directory_ << "'\n";
    for (const auto& [name, value] : options.settings) settings << name << " = '" << value << "'\n";
  }

  for (int attempt = 0; attempt < 5; ++attempt) {  // the free port may be taken between asking and listening
    cluster.port_ = free_loopback_port();
    auto launched = cluster.launch(*user);
    if (!launched) return fail(launched.error());
    if (*launched) {
      cluster.keep_ = options.keep;
      if (options.keep) cluster.dismiss_guardian();  // nobody watches from here
      return cluster;
    }
    const std::string reason = tail_of(log);
    const std::string directory = std::exchange(cluster.directory_, "");
    cluster.stop();
    cluster.directory_ = directory;
    if (attempt == 4) return fail(broken("the private PostgreSQL server did not start: " + reason));
  }
  return cluster;
}

Result<bool> PrivateCluster::launch(const Unprivileged& user) {
  server_ = spawn({bin_dir_ + "/postgres", "-D", directory_ + "/data", "-p", std::to_string(port_)}, user.uid, user.gid,
                  directory_ + "/server.log");
  if (server_ < 0) return fail(broken("cannot start postgres"));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(broken("cannot make a pipe"));
  guardian_pipe_ = ends[1];
  guardian_ = spawn({"/bin/sh", "-c", guardian_script, "guardian", std::to_string(server_), directory_},
                    static_cast<uid_t>(-1), static_cast<gid_t>(-1), "/dev/null", ends[0]);
  close(ends[0]);
  const std::string place = "host=127.0.0.1 port=" + std::to_string(port_) + " dbname=postgres connect_timeout=5";
  for (int i = 0; i < 600; ++i) {
    if (PQping(place.c_str()) == PQPING_OK) return true;
    int status = 0;
    if (waitpid(server_, &status, WNOHANG) == server_) {
      server_ = -1;
      return false;
    }
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

void PrivateCluster::dismiss_guardian() {
  if (guardian_pipe_ >= 0) {
    (void)!write(guardian_pipe_, "done\n", 5);
    close(std::exchange(guardian_pipe_, -1));
  }
  if (guardian_ > 0) wait_for(std::exchange(guardian_, -1));
}

Status PrivateCluster::restart(bool immediate) {
  auto user = unprivileged_user();
  if (!user) return fail(user.error());
  if (server_ > 0) {
    kill(server_, immediate ? SIGQUIT : SIGINT);
    wait_for(server_);
    server_ = -1;
  }
  dismiss_guardian();
  auto launched = launch(*user);
  if (!launched) return fail(launched.error());
  if (!*launched) return fail(broken("PostgreSQL did not start again: " + tail_of(directory_ + "/server.log")));
  return {};
}

PrivateCluster::PrivateCluster(PrivateCluster&& other) noexcept {
  *this = std::move(other);
}

PrivateCluster& PrivateCluster::operator=(PrivateCluster&& other) noexcept {
  if (this == &other) return *this;
  stop();
  directory_ = std::exchange(other.directory_, "");
  bin_dir_ = other.bin_dir_;
  password_ = other.password_;
  port_ = other.port_;
  server_ = std::exchange(other.server_, -1);
  guardian_ = std::exchange(other.guardian_, -1);
  guardian_pipe_ = std::exchange(other.guardian_pipe_, -1);
  keep_ = other.keep_;
  return *this;
}

std::string PrivateCluster::url(const std::string& database) const {
  return "postgresql://postgres:" + password_ + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PrivateCluster::stop_command() const {
  return "kill -INT " + std::to_string(server_) + " && rm -rf " + directory_;
}

void PrivateCluster::stop() {
  if (keep_) {
    if (guardian_pipe_ >= 0) close(std::exchange(guardian_pipe_, -1));
    return;
  }
  if (server_ > 0) {
    kill(server_, SIGQUIT);  // at once, without a checkpoint: its data goes next
    int status = 0;
    for (int i = 0; i < 400 && waitpid(server_, &status, WNOHANG) == 0; ++i) std::this_thread::sleep_for(25ms);
    server_ = -1;
  }
  if (!directory_.empty()) {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
    directory_.clear();
  }
  dismiss_guardian();
}

}  // namespace rowpage
