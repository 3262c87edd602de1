#include "support/witness.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "notion/codec.h"
#include "notion/curl_transport.h"
#include "sandbox/id.h"
#include "sandbox/notion_model.h"
#include "sandbox/shape.h"

namespace rowpage::contract {
namespace {

namespace fs = std::filesystem;

const fs::path root = ROWPAGE_SOURCE_DIR;

// The larger document where it is present; else the smaller one, which scripts/test takes from the npm package
// @notionhq/notion-mcp-server. That one speaks of the version before, leaves answers open, and differs in ways of its
// own.
struct Source {
  fs::path document, differences;
};
const Source sources[] = {
    {root / "../shared/data/notion-openapi/notion-openapi-2026-03-11.json", root / "tests/contract/differences.md"},
    {root / "build/notion-openapi/package/scripts/notion-openapi.json", root / "tests/contract/differences_small.md"},
};

// The program and the demonstrations it plays; a test that plays a person by the program's own HTTP client as well.
bool is_program(const std::string& agent) {
  return agent.starts_with("rowpage/");
}

void show(const Exchange& exchange, std::string_view what, const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) {
    text += "  " + violation.text() + "\n";
    text += fmt::format("  | {} | {} | {} | {} |\n", violation.schema, violation.place.empty() ? "/" : violation.place,
                        violation.rule, violation.value);
  }
  auto body = to_text(what == "request" ? exchange.request : exchange.response);
  if (body.size() > 2000) body = body.substr(0, 2000) + "…";
  ADD_FAILURE() << "the " << what << " is not what Notion's document says: " << exchange.method << " " << exchange.path
                << " (" << exchange.status << ")\n"
                << text << "  " << body;
}

sandbox::Request request_of(const Exchange& exchange) {
  sandbox::Request request;
  request.method = exchange.method;
  request.path = exchange.path;
  request.query = exchange.query;
  request.version = exchange.version;
  request.body = exchange.request;
  return request;
}

class Environment : public testing::Environment {
 public:
  void SetUp() override {
    if (!Witness::get().judges()) {
      std::cout << "contract: Notion's OpenAPI document is not beside the repository (or ROWPAGE_CONTRACT=off); "
                   "exchanges are "
                   "not judged\n";
      return;
    }
    sandbox::NotionModel::observe([](const auto& request, const auto& answer) { Witness::get().saw(request, answer); });
    record_ = fs::temp_directory_path() / fmt::format("rowpage-exchanges-{}.jsonl", getpid());
    ::setenv("ROWPAGE_SANDBOX_RECORD", record_.c_str(), 1);
  }
  void TearDown() override {
    if (!Witness::get().judges()) return;
    if (fs::exists(record_)) Witness::get().read(record_);
    std::error_code ignored;
    fs::remove(record_, ignored);
    std::cout << Witness::get().summary() << "\n";
  }

 private:
  fs::path record_;
};

[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new Environment);

}  // namespace

Witness& Witness::get() {
  static Witness witness;
  return witness;
}

Witness::Witness() {
  // "off" to measure what judging costs, "small" to judge by the smaller document.
  const char* wish = std::getenv("ROWPAGE_CONTRACT");
  if (wish && std::string_view(wish) == "off") return;
  const bool small_wanted = wish && std::string_view(wish) == "small";
  for (const auto& source : sources) {
    small_ = &source != sources;
    if (small_wanted && !small_) continue;
    std::ifstream file(source.document);
    if (!file) continue;
    std::stringstream text;
    text << file.rdbuf();
    document_ = std::make_unique<OpenApi>(parse_json(text.str()).value());
    differences_ = Differences::read(source.differences);
    return;
  }
}

void Witness::judge(const Exchange& exchange, bool request, bool answer) {
  const auto tolerates = differences_.tolerates();
  const auto take = [&](JsonSchema::Finding found, std::string_view what) {
    for (const auto& violation : found.tolerated) ++met_[differences_.row_of(violation)->key()];
    if (!found.violations.empty()) show(exchange, what, found.violations);
  };
  if (request) take(document_->check_request(exchange, tolerates), "request");
  if (answer) take(document_->check_answer(exchange, tolerates), "answer");
}

void Witness::saw(const sandbox::Request& request, const sandbox::Answer& answer) {
  // A test that speaks another version, or none, is beside the document.
  if (!document_ || request.version != notion_version) return;
  const bool accepted = answer.status >= 200 && answer.status < 300;
  // The smaller document knows little of what the program has no use for, bodies of pages above all.
  const bool judge_request = (accepted && !small_) || (!accepted_only_ && is_program(request.agent));
  const bool judge_answer = answer.status != 0 && answer.raw.empty();
  const auto request_shape = judge_request ? sandbox::shape_of(request) : 0;
  const auto answer_shape = judge_answer ? sandbox::shape_of(request, answer) : 0;
  const std::lock_guard guard(mutex_);
  ++exchanges_;
  const bool new_request = judge_request && requests_.insert(request_shape).second;
  const bool new_answer = judge_answer && answers_.insert(answer_shape).second;
  if (!new_request && !new_answer) return;
  judge({request.method, request.path, request.query, request.version, request.body, answer.status, answer.body},
        new_request, new_answer);
}

void Witness::sent(const ApiRequest& request) {
  if (!document_) return;
  Exchange exchange;
  exchange.method = name_of(request.method);
  const auto mark = request.path.find('?');
  exchange.path = request.path.substr(0, mark);
  std::string_view rest =
      mark == std::string::npos ? std::string_view() : std::string_view(request.path).substr(mark + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = pair.find('=');
    exchange.query.emplace_back(decode_id(pair.substr(0, equals)), decode_id(pair.substr(equals + 1)));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  exchange.version = notion_version;
  exchange.request = request.body;
  const std::lock_guard guard(mutex_);
  ++exchanges_;
  if (requests_.insert(sandbox::shape_of(request_of(exchange))).second) judge(exchange, true, false);
}

void Witness::read(const std::string& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const auto read = parse_json(line);
    if (!read) continue;  // the last line of a process that was killed
    sandbox::Request request;
    request.version = find_string(*read, "version");
    request.agent = find_string(*read, "agent");
    request.method = find_string(*read, "method");
    request.path = find_string(*read, "path");
    request.body = read->at("request");
    for (const auto& pair : read->at("query").get_array()) {
      request.query.emplace_back(pair.at(0).get_string(), pair.at(1).get_string());
    }
    sandbox::Answer answer;
    answer.status = static_cast<int>(as_number(read->at("status")).value_or(0));
    answer.body = read->at("response");
    if (!find_bool(*read, "json")) answer.raw = "not JSON";
    saw(request, answer);
  }
}

std::map<std::string, std::size_t> Witness::met() const {
  const std::lock_guard guard(mutex_);
  return met_;
}

std::string Witness::summary() const {
  const std::lock_guard guard(mutex_);
  return fmt::format(
      "contract: {} shapes of requests, {} shapes of answers, {} differences{} (of {} exchanges; {} met)",
      requests_.size(), answers_.size(), differences_.rows().size(),
      sdk_endpoints_ ? fmt::format(", {} SDK endpoints", sdk_endpoints_) : "", exchanges_, met_.size());
}

}  // namespace rowpage::contract
