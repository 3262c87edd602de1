// Whatever answers in Notion's place: the real client and the code of setup talk to a script of answers. Every call
// ends in a result; a page that is believed is a page; a write whose outcome is not known is not sent again (R15).
//
// Input: what is asked (a letter), then one answer a part, behind lines "%". An answer's first line is its status, or
// `lost`, `cut STATUS`, `unsent`, then headers cut by "; " (`200 retry-after: 3; date: …`); the rest is the body.
#include <charconv>
#include <set>

#include "core/text.h"
#include "fake_clock.h"
#include "fuzz/fuzz.h"
#include "fuzz/pair.h"
#include "notion/client.h"
#include "notion/curl_transport.h"
#include "notion/properties.h"
#include "notion/relations.h"
#include "notion/setup.h"
#include "notion/source.h"

using namespace rowpage;
using fuzz::claim;

namespace {

constexpr const char* page_a = "0a000000-0000-4000-8000-000000000001";
constexpr const char* page_b = "0b000000-0000-4000-8000-000000000002";

HttpClient::Answer answer_of(std::string_view part) {
  using Outcome = HttpClient::Answer::Outcome;
  HttpClient::Answer answer;
  std::string_view line = fuzz::take_line(part);
  answer.outcome = Outcome::complete;
  answer.why = "as scripted";
  if (line.starts_with("lost")) answer.outcome = Outcome::lost;
  if (line.starts_with("unsent")) answer.outcome = Outcome::not_sent;
  if (line.starts_with("cut ")) {
    answer.outcome = Outcome::cut;
    line.remove_prefix(4);
  }
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), answer.status);
  // curl hands over nothing that is not three digits.
  if (error != std::errc() || answer.status < 100 || answer.status > 999) answer.status = 200;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  while (!line.empty()) {
    const auto one = line.substr(0, line.find("; "));
    if (const auto colon = one.find(": "); colon != std::string_view::npos)
      answer.headers.emplace_back(trim(one.substr(0, colon)), one.substr(colon + 2));
    line.remove_prefix(std::min(line.size(), one.size() + 2));
  }
  answer.body = part;
  return answer;
}

// Answers in order; when none is left, the line is dead.
class FuzzTransport : public Transport {
 public:
  explicit FuzzTransport(std::vector<std::string_view> parts) : parts_(std::move(parts)) {}

  std::vector<ApiResult> perform(std::span<const ApiRequest> requests) override {
    std::vector<ApiResult> results;
    for (const auto& request : requests) {
      HttpClient::Answer answer;
      answer.why = "nobody listens";
      if (next_ < parts_.size()) answer = answer_of(parts_[next_++]);
      results.push_back(api_result(answer));
      if (request.read) continue;
      const std::string what = request.path + to_text(request.body);
      claim(!in_doubt_.contains(what), "a write of unknown outcome is not sent again", what);
      if (results.back().got == ApiResult::Got::nothing && results.back().effect == Effect::unknown)
        in_doubt_.insert(what);
    }
    return results;
  }

 private:
  std::vector<std::string_view> parts_;
  std::size_t next_ = 0;
  std::set<std::string> in_doubt_;
};

void judge(const Pair& pair, const Page& page, bool bare = false) {
  claim(canonical_id(page.id) == page.id && !page.id.empty(), "a page has an id", page.id);
  if (bare) return;
  claim(page.values.size() == pair.fields.size(), "a page has a value for every field");
  for (const auto& trouble : page.unreadable) {
    claim(trouble.field < pair.fields.size() && is_null(page.values[trouble.field]), "what is unreadable is not used");
    claim(!trouble.why.empty(), "what is unreadable says why");
  }
  for (const auto& value : page.values) {
    if (const auto* text = std::get_if<std::string>(&value))
      claim(valid_utf8(*text) && text->find('\0') == std::string::npos, "a text is one PostgreSQL takes");
  }
}

void judge(const Error& error) {
  claim(!error.what.empty(), "an error has words");
}

void judge(const Pair& pair, const Result<PageList>& list) {
  if (!list) {
    claim(list.error().effect == Effect::none, "reading has no effect");
    return judge(list.error());
  }
  for (const auto& page : list->pages) judge(pair, page);
}

PageRequest asked(PageRequest::Kind kind, const char* page) {
  PageRequest request;
  request.kind = kind;
  if (kind != PageRequest::Kind::create) request.page_id = page;
  if (kind == PageRequest::Kind::create || kind == PageRequest::Kind::update) {
    request.set = {{0, Value(std::string("Kenya"))}, {2, Value(18.5)}};
    request.nonce = "nonce-1";
  }
  return request;
}

void perform(NotionClient& client, const Pair& pair, std::vector<PageRequest> requests) {
  const auto results = client.perform(pair, requests);
  claim(results.size() == requests.size(), "every request has an outcome");
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) {
      judge(results[i].error());
      if (requests[i].kind == PageRequest::Kind::read)
        claim(results[i].error().effect == Effect::none, "reading has no effect");
      continue;
    }
    judge(pair, *results[i], requests[i].bare);
    if (!requests[i].page_id.empty()) claim(results[i]->id == requests[i].page_id, "the answer is the page asked for");
  }
}

}  // namespace

ROWPAGE_FUZZ(notion_answers) {
  static const Pair pair = fuzz::whole_pair();
  auto parts = fuzz::parts_of(bytes, 24);
  const char what = parts.front().empty() ? 'm' : parts.front().front();
  parts.erase(parts.begin());
  FakeClock clock;
  FuzzTransport transport(std::move(parts));
  Budget budget(clock, {});
  NotionClient client(transport, clock, budget);
  using Kind = PageRequest::Kind;
  const WantedProperty tags{"Tags", "multi_select", {"washed", "natural"}};
  switch (what) {
    case 'm':
      if (const auto bot = client.me(); !bot) judge(bot.error());
      break;
    case 's':
      if (const auto schema = client.schema(fuzz::source_id)) {
        for (const auto& property : schema->properties) claim(!property.id.empty(), "a property has an id");
      } else {
        judge(schema.error());
      }
      break;
    case 'l':
      judge(pair, client.list(pair, {}));
      break;
    case 'n':
      judge(pair, client.list(pair, {.by = ListQuery::By::created, .nonce = "nonce-1"}));
      break;
    case 't': {
      const Pair* const pairs[] = {&pair};
      judge(pair, client.search_trash(pairs, ""));
      (void)client.trash_search_works();
      break;
    }
    case 'r':
      perform(client, pair, {asked(Kind::read, page_a)});
      break;
    case 'b': {
      auto bare = asked(Kind::read, page_a);
      bare.bare = true;
      perform(client, pair, {bare, asked(Kind::read, page_b)});
      break;
    }
    case 'c':
      perform(client, pair, {asked(Kind::create, "")});
      break;
    case 'u':
      perform(client, pair, {asked(Kind::update, page_a), asked(Kind::trash, page_b)});
      break;
    case 'v':
      perform(client, pair, {asked(Kind::restore, page_a)});
      break;
    case 'f':
      (void)find_source(client.caller(), {"", "", "Beans"});
      break;
    case 'd':
      (void)make_database(client.caller(), page_a, "Beans", std::vector{tags});
      break;
    case 'p':
      (void)add_properties(client.caller(), fuzz::source_id, std::vector{tags});
      break;
    case 'q':
      (void)add_relations(
          client.caller(), fuzz::source_id,
          std::vector{WantedRelation{.name = "Lots", .also = {}, .target = fuzz::source_id, .two_way = "Beans"}});
      break;
    case 'g':
      (void)add_formulas(
          client.caller(), fuzz::source_id,
          std::vector{WantedProperty{.name = "Sum", .type = "formula", .expression = "prop(\"Price\")"}});
      break;
    default:
      (void)probe_trash_query(client.caller(), fuzz::source_id);
      (void)probe_trash_search(client.caller());
  }
}
