#include "base/log.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/rotating_file_sink.h>

#include "core/text.h"
#include "core/time.h"

namespace rowpage {
namespace {

constexpr std::size_t rotate_bytes = 10'000'000;
constexpr std::size_t rotated_files = 3;
constexpr std::string_view mask = "***";

struct Remembered {
  std::mutex mutex;
  std::vector<std::string> secrets;  // longest first, so that a secret within another does not spoil it
};

Remembered& remembered() {
  static Remembered all;
  return all;
}

bool token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + mask.size())) {
    text.replace(at, what.size(), mask);
  }
}

// A word that begins like a secret, in its whole length. The shortest real ones have more than 20 characters after it.
void mask_words(std::string& text, std::string_view start, std::size_t at_least) {
  for (auto at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    if (at > 0 && token_char(text[at - 1])) continue;
    auto end = at + start.size();
    while (end < text.size() && token_char(text[end])) ++end;
    if (end - at - start.size() < at_least) continue;
    text.replace(at, end - at, mask);
  }
}

// scheme://user:PASSWORD@host, the password may itself contain ':' and '@' when it was not encoded.
void mask_url_passwords(std::string& text) {
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const auto from = at + 3;
    const auto end = std::min(text.find_first_of(" \t\n\"'<>", from), text.size());
    const auto slash = std::min(text.find('/', from), end);
    auto sign = text.rfind('@', end == 0 ? 0 : end - 1);
    if (sign == std::string::npos || sign < from) continue;
    // An '@' in the path or the query belongs to the address, unless the password itself holds a '/'.
    const auto colon = text.find(':', from);
    if (colon == std::string::npos || colon > sign) continue;
    if (slash < sign && colon > slash) continue;
    text.replace(colon + 1, sign - colon - 1, mask);
  }
}

// name=VALUE or name: VALUE of the names that hold secrets.
void mask_assignments(std::string& text, std::string_view name) {
  std::string lower = ascii_lower(text);
  for (auto at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
    auto from = at + name.size();
    while (from < text.size() && (text[from] == ' ' || text[from] == '"' || text[from] == '\'')) ++from;
    if (from >= text.size() || (text[from] != '=' && text[from] != ':')) continue;
    ++from;
    while (from < text.size() && (text[from] == ' ' || text[from] == '"' || text[from] == '\'')) ++from;
    if (lower.compare(from, 7, "bearer ") == 0) from += 7;
    auto end = from;
    while (end < text.size() && std::string_view(" \t\r\n\"',;&}").find(text[end]) == std::string_view::npos) ++end;
    if (end == from || text.compare(from, 2, "${") == 0) continue;
    text.replace(from, end - from, mask);
    lower = ascii_lower(text);
  }
}

std::string_view name_of(Log::Level level) {
  switch (level) {
    case Log::Level::debug:
      return "debug";
    case Log::Level::info:
      return "info";
    case Log::Level::warning:
      return "warning";
    case Log::Level::error:
      return "error";
  }
  return "info";
}

json::value redacted(const json::value& value) {
  if (value.is_string()) return json::value(redact(std::string_view(value.get_string())));
  if (value.is_array()) {
    json::array out;
    for (const auto& item : value.get_array()) out.push_back(redacted(item));
    return out;
  }
  if (value.is_object()) {
    json::object out;
    for (const auto& member : value.get_object()) out[member.key()] = redacted(member.value());
    return out;
  }
  return value;
}

}  // namespace

void remember_secret(std::string_view secret) {
  if (secret.size() < 8) return;
  auto& all = remembered();
  const std::lock_guard lock(all.mutex);
  if (std::find(all.secrets.begin(), all.secrets.end(), secret) != all.secrets.end()) return;
  all.secrets.emplace_back(secret);
  std::sort(all.secrets.begin(), all.secrets.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string redact(std::string_view text) {
  std::string out(text);
  {
    auto& all = remembered();
    const std::lock_guard lock(all.mutex);
    for (const auto& secret : all.secrets) replace_all(out, secret);
  }
  mask_url_passwords(out);
  for (const std::string_view name : {"authorization", "password", "apikey", "api_key", "token"}) {
    mask_assignments(out, name);
  }
  for (const std::string_view start : {"ntn_", "secret_", "sb_secret_", "sbp_"}) mask_words(out, start, 10);
  mask_words(out, "eyJ", 20);
  return out;
}

struct Log::Sink {
  explicit Sink(const std::string& path)
      : logger("rowpage", std::make_shared<spdlog::sinks::rotating_file_sink_mt>(path, rotate_bytes, rotated_files)) {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);
    logger.flush_on(spdlog::level::warn);
  }
  spdlog::logger logger;
};

std::optional<Log::Level> Log::level(std::string_view name) {
  const std::string lower = ascii_lower(trim(name));
  if (lower == "debug") return Level::debug;
  if (lower == "info") return Level::info;
  if (lower == "warning" || lower == "warn") return Level::warning;
  if (lower == "error") return Level::error;
  return std::nullopt;
}

Log::Log() = default;
Log::~Log() = default;
Log::Log(Log&&) noexcept = default;
Log& Log::operator=(Log&&) noexcept = default;

Log::Log(const std::string& path, Level least) : least_(least) {
  std::error_code ignored;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  try {
    sink_ = std::make_unique<Sink>(path);
  } catch (const std::exception& error) {  // the library's only way to say that the file cannot be opened
    trouble_ = "cannot write the log " + path + ": " + error.what();
  }
}

void Log::write(Level level, std::string_view event, std::string_view text, const json::object& more) {
  if (!sink_ || level < least_) return;
  using namespace std::chrono;
  json::object line;
  line["at"] = format_utc(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  line["level"] = name_of(level);
  line["event"] = event;
  if (!text.empty()) line["text"] = redact(text);
  for (const auto& member : more) line[member.key()] = redacted(member.value());
  const auto severity = level == Level::debug     ? spdlog::level::debug
                        : level == Level::info    ? spdlog::level::info
                        : level == Level::warning ? spdlog::level::warn
                                                  : spdlog::level::err;
  sink_->logger.log(severity, spdlog::string_view_t(to_text(line)));
}

void Log::flush() {
  if (sink_) sink_->logger.flush();
}

}  // namespace rowpage
