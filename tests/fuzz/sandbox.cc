// Anything anybody sends to the stand-in for Notion: every request is answered, with a status and JSON that can be
// written, and a refusal has a code.
//
// Input: one request a part, behind lines "%". Its first line is "METHOD PATH?QUERY", with "!" before it for a person's
// token and "~x" for a fate; also "clock SECONDS", "habits", "seed", "dump", "copy ID". The rest is the body. $root,
// $database, $source, $page and $last (the id in the answer before) stand for ids.
#include <algorithm>

#include "core/text.h"
#include "fuzz/fuzz.h"
#include "notion/codec.h"
#include "sandbox/bulk.h"
#include "sandbox/notion_model.h"
#include "sandbox/server.h"

using namespace rowpage;
using fuzz::claim;

namespace {

using Ids = std::vector<std::pair<std::string_view, std::string>>;

std::string with_ids(std::string_view text, const Ids& ids) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == '$') {
      const auto named =
          std::find_if(ids.begin(), ids.end(), [&](const auto& id) { return text.substr(1).starts_with(id.first); });
      if (named != ids.end()) {
        out += named->second;
        text.remove_prefix(1 + named->first.size());
        continue;
      }
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

class Roastery {
 public:
  Roastery() : model_({}, [this] { return now_; }) {
    model_.habits().requests_per_minute = 0;
    static const json::value wanted =
        parse_json(R"({"parent":{"page_id":"0"},"title":[{"text":{"content":"Coffee"}}],"initial_data_source":
          {"properties":{"Name":{"title":{}},"Note":{"rich_text":{}},"Price":{"number":{}},"Origin":{"select":{"options":
          [{"name":"Kenya"}]}},"Tags":{"multi_select":{}},"Stage":{"status":{}},"Day":{"date":{}},"Sold":{"checkbox":{}},
          "Link":{"url":{}},"Who":{"people":{}},"No":{"unique_id":{"prefix":"LOT"}},"Made":{"created_time":{}},
          "Files":{"files":{}}}}})")
            .value();
    ids_.emplace_back("root", model_.root_page().text());
    sandbox::Request make = request("POST", "/v1/databases");
    make.body = wanted;
    make.body.as_object()["parent"] = json::object{{"page_id", model_.root_page().text()}};
    const auto made = model_.handle(make);
    ids_.emplace_back("database", find_string(made.body, "id"));
    ids_.emplace_back("source", find_string((*find_array(made.body, "data_sources"))[0], "id"));
    sandbox::Request row = request("POST", "/v1/pages");
    row.body = json::object{{"parent", json::object{{"data_source_id", ids_[2].second}}}};
    ids_.emplace_back("page", find_string(model_.handle(row).body, "id"));
    ids_.emplace_back("last", ids_.back().second);
  }

  void take(std::string_view part) {
    const std::string line_text = with_ids(fuzz::take_line(part), ids_);
    std::string_view line = line_text;
    const std::string body = with_ids(part, ids_);
    if (line.starts_with("clock ")) {
      if (const auto span = parse_duration(line.substr(6))) now_ = std::min(now_ + *span, latest_ms);
      return;
    }
    const auto parsed = parse_json(body);
    if (line == "habits") {
      if (parsed) (void)sandbox::read_habits(*parsed, model_.habits());
      claim(parse_json(to_text(sandbox::show_habits(model_.habits()))).has_value(), "habits can be shown");
      return;
    }
    if (line == "seed") {
      if (parsed) (void)sandbox::seed_rows(model_, *parsed);
      return;
    }
    if (line == "dump" || line.starts_with("copy ")) {
      const auto id = sandbox::parse_id(line == "dump" ? std::string_view(ids_[2].second) : line.substr(5));
      if (!id) return;
      if (line != "dump") (void)sandbox::duplicate_row(model_, *id);
      if (line == "dump") (void)to_text(sandbox::dump_rows(model_, *id, 0, 100));
      return;
    }
    send(line, body, parsed);
  }

 private:
  sandbox::Request request(std::string method, std::string path) const {
    sandbox::Request asked;
    asked.method = std::move(method);
    asked.path = std::move(path);
    asked.token = model_.integration_token();
    asked.version = "2026-03-11";
    return asked;
  }

  void send(std::string_view line, const std::string& body, const Result<json::value>& parsed) {
    bool person = false;
    sandbox::Fate fate;
    if (line.starts_with("!")) {
      person = true;
      line.remove_prefix(1);
    }
    if (line.size() > 2 && line[0] == '~') {
      fate.kind = static_cast<sandbox::Fate::Kind>(static_cast<unsigned char>(line[1]) % 14);
      fate.delay_ms = 5000;
      line.remove_prefix(2);
    }
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return;
    std::string_view target = line.substr(blank + 1);
    const auto mark = target.find('?');
    auto asked = request(std::string(line.substr(0, blank)), std::string(target.substr(0, mark)));
    if (person) asked.token = model_.person_token();
    if (body.ends_with("\nold")) asked.version = "2025-09-03";
    target.remove_prefix(mark == std::string_view::npos ? target.size() : mark + 1);
    while (!target.empty()) {
      const auto pair = target.substr(0, target.find('&'));
      const auto equals = pair.find('=');
      asked.query.emplace_back(decode_id(pair.substr(0, equals)),
                               equals == std::string_view::npos ? "" : decode_id(pair.substr(equals + 1)));
      target.remove_prefix(std::min(target.size(), pair.size() + 1));
    }
    if (parsed) asked.body = *parsed;
    asked.body_bytes = body.size();
    const auto answer = model_.handle(asked, fate);
    const auto text = to_text(answer.body);
    claim(answer.status == 0 || (answer.status >= 200 && answer.status < 600), "an answer has a status", text);
    claim(parse_json(text).has_value(), "an answer is JSON", text);
    if (answer.status >= 400 && answer.raw.empty())
      claim(!find_string(answer.body, "code").empty(), "a refusal has a code", text);
    if (const auto id = find_string(answer.body, "id"); !id.empty()) ids_.back().second = id;
  }

  static constexpr Millis latest_ms = 4'102'444'800'000;  // 2100
  Millis now_ = 1'795'080'620'000;
  sandbox::NotionModel model_;
  Ids ids_;
};

}  // namespace

ROWPAGE_FUZZ(sandbox) {
  Roastery roastery;
  for (const auto part : fuzz::parts_of(bytes, 12)) roastery.take(part);
}
