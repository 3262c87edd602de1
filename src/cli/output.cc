#include "cli/output.h"

#include <chrono>

#include "base/log.h"

namespace rowpage {
namespace {

Millis monotonic_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Output::Output(Mode mode, std::FILE* out, std::FILE* err)
    : mode_(mode),
      out_(out),
      err_(err),
      out_terminal_(Terminal::of_stdout()),
      err_terminal_(Terminal::of_stderr()),
      progress_(
          err_terminal_, [this](std::string_view text) { write(err_, text); }, monotonic_now) {}

void Output::write(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

void Output::line(std::string_view text) {
  if (mode_.json) return;
  const std::lock_guard lock(mutex_);
  progress_.clear();
  write(out_, std::string(text) + "\n");
}

void Output::say(std::string_view text) {
  if (mode_.quiet) return;
  const std::lock_guard lock(mutex_);
  progress_.clear();
  write(err_, redact(text) + "\n");
}

void Output::warn(std::string_view text) {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  write(err_, "warning: " + redact(text) + "\n");
}

void Output::error(const Error& error) {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  std::string text = "error: " + printable(redact(error.what), true) + "\n";
  if (error.effect == Effect::unknown)
    text += "  what was sent may have been carried out; the next sync looks before it tries again\n";
  if (!error.hint.empty()) text += "  " + printable(redact(error.hint), true) + "\n";
  write(err_, text);
}

void Output::progress(std::string_view what, std::uint64_t done, std::optional<std::uint64_t> total) {
  if (mode_.quiet) return;
  const std::lock_guard lock(mutex_);
  progress_.update(what, done, total);
}

int Output::finish(std::string_view command, ExitCode code, json::object object) {
  const std::lock_guard lock(mutex_);
  progress_.clear();
  if (mode_.json) {
    json::object whole;
    whole["command"] = command;
    whole["exit_code"] = static_cast<int>(code);
    for (auto& member : object) whole[member.key()] = std::move(member.value());
    write(out_, to_text(whole) + "\n");
  }
  return static_cast<int>(code);
}

int Output::finish(std::string_view command, const Error& failure, json::object object) {
  error(failure);
  object["error"] = error_to_json(failure);
  return finish(command, exit_code_of(failure), std::move(object));
}

std::string Output::bold(std::string_view text) const {
  return out_terminal_.color ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

json::object error_to_json(const Error& error) {
  json::object out;
  out["what"] = redact(error.what);
  out["hint"] = redact(error.hint);
  out["effect"] = name_of(error.effect);
  out["scope"] = name_of(error.scope);
  out["cause"] = name_of(error.cause);
  return out;
}

std::string_view name_of(Effect effect) {
  switch (effect) {
    case Effect::none:
      return "none";
    case Effect::applied:
      return "applied";
    case Effect::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::record:
      return "record";
    case Scope::pair:
      return "pair";
    case Scope::workspace:
      return "workspace";
  }
  return "workspace";
}

std::string_view name_of(Cause cause) {
  switch (cause) {
    case Cause::other:
      return "other";
    case Cause::usage:
      return "usage";
    case Cause::unauthorised:
      return "unauthorised";
    case Cause::forbidden:
      return "forbidden";
    case Cause::not_found:
      return "not_found";
    case Cause::invalid:
      return "invalid";
    case Cause::constraint:
      return "constraint";
    case Cause::moved:
      return "moved";
    case Cause::rate_limited:
      return "rate_limited";
    case Cause::unavailable:
      return "unavailable";
    case Cause::schema_drift:
      return "schema_drift";
    case Cause::lease_lost:
      return "lease_lost";
    case Cause::incompatible:
      return "incompatible";
    case Cause::brake:
      return "brake";
    case Cause::too_late:
      return "too_late";
    case Cause::interrupted:
      return "interrupted";
  }
  return "other";
}

}  // namespace rowpage
