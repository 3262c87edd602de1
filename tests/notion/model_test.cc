// The client and the setup against the in-process model of Notion: what they write is what the service then shows.
#include <algorithm>

#include <gtest/gtest.h>

#include "core/schema.h"
#include "fake_clock.h"
#include "notion/client.h"
#include "notion/model_transport.h"
#include "notion/setup.h"

namespace rowpage {
namespace {

using Kind = PageRequest::Kind;
using Fate = sandbox::Fate;

class Model : public testing::Test {
 protected:
  // A database as setup makes it, and the pair that maps all of it.
  void make(std::vector<Field> fields) {
    PairSpec spec;
    spec.model = "Bean";
    spec.fields = std::move(fields);
    spec.book.checksum = "Checksum";
    spec.book.last_synced = "Last Synced";
    spec.book.synced = "Synced";
    const auto made = make_database(client.caller(), model.root_page().text(), "Beans", wanted_properties(spec));
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_FALSE(made->adopted);
    static_cast<PairSpec&>(pair) = spec;
    pair.data_source = made->schema.data_source;
    pair.database = made->schema.database;
    const auto id = [&](const std::string& name) {
      const auto found = std::ranges::find(made->schema.properties, name, &Property::name);
      EXPECT_NE(found, made->schema.properties.end()) << name;
      return found == made->schema.properties.end() ? std::string() : found->id;
    };
    for (Field& field : pair.fields) field.property_id = id(field.property);
    pair.nonce_id = id("Rowpage");
    pair.nonce_type = "rich_text";
    pair.checksum_id = id("Checksum");
    pair.last_synced_id = id("Last Synced");
    pair.synced_id = id("Synced");
  }

  static Field field(std::string name, FieldType type, std::vector<std::string> options = {}) {
    Field made;
    made.property = std::move(name);
    made.type = type;
    made.options = std::move(options);
    return made;
  }

  void make_all() {
    make({field("Name", FieldType::title), field("Notes", FieldType::rich_text), field("Price", FieldType::number),
          field("Origin", FieldType::select, {"Kenya", "Peru"}), field("Tags", FieldType::multi_select, {"washed"}),
          field("Bought", FieldType::date), field("Open", FieldType::checkbox), field("Link", FieldType::url),
          field("Mail", FieldType::email), field("Phone", FieldType::phone_number), field("Data", FieldType::json),
          field("Made", FieldType::created_time), field("No", FieldType::unique_id)});
  }

  PageRequest create(std::vector<Change> set, std::string nonce = "n-1") const {
    PageRequest request;
    request.kind = Kind::create;
    request.set = std::move(set);
    request.nonce = std::move(nonce);
    return request;
  }
  PageRequest about(Kind kind, std::string id, std::vector<Change> set = {}) const {
    PageRequest request;
    request.kind = kind;
    request.page_id = std::move(id);
    request.set = std::move(set);
    return request;
  }
  Result<Page> perform(const PageRequest& request) { return std::move(client.perform(pair, {&request, 1}).front()); }

  FakeClock clock;
  sandbox::NotionModel model{{}, [this] { return clock.now(); }};
  Fate next;  // of the next writing request
  ModelTransport transport{
      model, [this](const ApiRequest& request) { return request.read ? Fate{} : std::exchange(next, Fate{}); }};
  Budget budget{clock, {}};
  NotionClient client{transport, clock, budget};
  Pair pair;
};

TEST_F(Model, every_type_written_is_read_back_the_same) {
  make_all();
  std::string long_text;
  for (int i = 0; i < 3000; ++i) long_text += "né𝒳 ";
  const std::vector<Change> set = {{0, std::string("Kenya, AA")},
                                   {1, long_text},
                                   {2, 18.25},
                                   {3, std::string("Yemen")},  // not an option yet: a page write makes it
                                   {4, TextList{"natural", "washed"}},
                                   {5, DateSpan{1'763'596'800'000, 1'763'856'000'000, false}},
                                   {6, true},
                                   {7, std::string("https://example.com/a?b=c")},
                                   {8, std::string("ada@example.com")},
                                   {9, std::string("+49 30 1")},
                                   {10, std::string(R"({"a":[1,2]})")}};
  const auto page = perform(create(set));
  ASSERT_TRUE(page) << page.error().what;
  EXPECT_TRUE(page->unreadable.empty()) << page->unreadable.front().why;
  for (const auto& change : set) EXPECT_EQ(page->values[change.field], change.value) << change.field;
  EXPECT_EQ(page->nonce, "n-1");
  EXPECT_EQ(page->parent, pair.data_source);
  const auto read = perform(about(Kind::read, page->id));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->values, page->values);

  std::vector<Change> emptied;
  for (const auto& change : set) emptied.push_back({change.field, Null{}});
  const auto empty = perform(about(Kind::update, page->id, emptied));
  ASSERT_TRUE(empty) << empty.error().what;
  for (const auto& change : set) {
    EXPECT_EQ(empty->values[change.field], change.field == 6 ? Value(false) : Value(Null{})) << change.field;
  }
}

TEST_F(Model, an_update_leaves_everything_else_alone) {
  make_all();
  const auto page = perform(create({{0, std::string("Kenya")}, {1, std::string("floral")}, {2, 1.0}}));
  ASSERT_TRUE(page);
  PageRequest update = about(Kind::update, page->id, {{2, 2.0}});
  update.checksum = "abc";
  update.synced = true;
  update.last_synced_ms = clock.now();
  const auto after = perform(update);
  ASSERT_TRUE(after) << after.error().what;
  EXPECT_EQ(after->values[1], Value(std::string("floral")));
  EXPECT_EQ(after->values[2], Value(2.0));
  EXPECT_EQ(after->checksum, "abc");
  EXPECT_EQ(after->nonce, "n-1");
}

TEST_F(Model, lists_in_pages_since_a_time_and_by_nonce_and_key) {
  make_all();
  std::vector<PageRequest> requests;
  for (int i = 0; i < 130; ++i) {
    requests.push_back(
        create({{0, "Lot " + std::to_string(i)}, {2, static_cast<double>(i)}}, "n-" + std::to_string(i)));
  }
  for (const auto& page : client.perform(pair, requests)) ASSERT_TRUE(page) << page.error().what;
  clock.at_ms += 5 * minute_ms;  // the index has caught up

  std::size_t seen = 0;
  ListQuery query{.by = ListQuery::By::created};
  for (int round = 0; round < 5; ++round) {
    const auto list = client.list(pair, query);
    ASSERT_TRUE(list) << list.error().what;
    EXPECT_TRUE(list->complete);
    EXPECT_GT(list->server_ms, 0);
    seen += list->pages.size();
    query.cursor = list->next_cursor;
    if (query.cursor.empty()) break;
  }
  EXPECT_EQ(seen, 130U);
  EXPECT_EQ(client.list(pair, {.since = clock.now()})->pages.size(), 0U);

  const auto by_nonce = client.list(pair, {.nonce = "n-77"});
  ASSERT_TRUE(by_nonce);
  ASSERT_EQ(by_nonce->pages.size(), 1U);
  EXPECT_EQ(by_nonce->pages.front().values[0], Value(std::string("Lot 77")));
  const auto by_key = client.list(pair, {.equals = Change{0, std::string("Lot 5")}});
  ASSERT_EQ(by_key->pages.size(), 1U);
  const auto by_number = client.list(pair, {.equals = Change{2, 12.0}});
  ASSERT_EQ(by_number->pages.size(), 1U);
}

TEST_F(Model, trashes_restores_and_finds_in_the_trash) {
  make_all();
  const auto page = perform(create({{0, std::string("Kenya")}}));
  ASSERT_TRUE(page);
  EXPECT_EQ(*probe_trash_search(client.caller()), std::nullopt);  // nothing there yet: it cannot be told
  ASSERT_TRUE(perform(about(Kind::trash, page->id)));
  EXPECT_EQ(perform(about(Kind::update, page->id, {{2, 1.0}})).error().cause, Cause::invalid);
  clock.at_ms += 5 * minute_ms;
  const Pair* pairs[] = {&pair};
  const auto found = client.search_trash(pairs, "");
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->pages.size(), 1U);
  EXPECT_TRUE(found->pages.front().in_trash);
  EXPECT_EQ(*probe_trash_search(client.caller()), true);
  EXPECT_EQ(*probe_trash_query(client.caller(), pair.data_source), false);  // refused, as the documentation has it
  model.habits().query_in_trash = sandbox::Habits::TrashQuery::honoured;
  EXPECT_EQ(*probe_trash_query(client.caller(), pair.data_source), true);
  EXPECT_EQ(client.list(pair, {.trashed = true})->pages.size(), 1U);
  ASSERT_TRUE(perform(about(Kind::restore, page->id)));
  EXPECT_FALSE(perform(about(Kind::read, page->id))->in_trash);
}

TEST_F(Model, an_ignored_in_trash_filter_is_found_out) {
  make_all();
  ASSERT_TRUE(perform(create({{0, std::string("Kenya")}})));
  clock.at_ms += 5 * minute_ms;
  model.habits().query_in_trash = sandbox::Habits::TrashQuery::ignored;
  EXPECT_EQ(*probe_trash_query(client.caller(), pair.data_source), false);
}

TEST_F(Model, a_trash_search_is_proved_even_while_the_trash_is_empty) {
  using enum sandbox::Habits::TrashQuery;
  make_all();
  clock.at_ms += 5 * minute_ms;  // search knows the live data source by now
  for (const auto habit : {honoured, ignored, refused}) {
    model.habits().search_in_trash = habit;
    const auto works = client.trash_search_works();
    ASSERT_TRUE(works) << works.error().what;
    EXPECT_EQ(*works, habit == honoured);
  }
}

// Whatever happens to a create on its way, its effect is told honestly and no second page comes of it.
TEST_F(Model, every_fate_of_a_create_is_told_honestly) {
  make_all();
  using K = Fate::Kind;
  struct Case {
    K kind;
    int status;
    bool page;                     // answered with the page
    Effect effect = Effect::none;  // otherwise
    std::size_t made = 0;          // pages that exist then
  };
  const Case cases[] = {
      {K::normal, 0, true, {}, 1},
      {K::refuse_429, 0, true, {}, 1},
      {K::refuse_529, 0, true, {}, 1},
      {K::refuse_409, 0, true, {}, 1},
      {K::lost_before, 0, false, Effect::unknown, 0},
      {K::lost_after, 0, false, Effect::unknown, 1},
      {K::committed_503, 0, true, {}, 1},
      {K::error_before, 502, false, Effect::unknown, 0},
      {K::error_after, 500, false, Effect::unknown, 1},
      {K::error_after, 503, false, Effect::unknown, 1},
      {K::error_after, 504, false, Effect::unknown, 1},
      {K::html_before, 502, false, Effect::unknown, 0},
      {K::html_after, 502, false, Effect::unknown, 1},
      {K::truncated_after, 0, false, Effect::unknown, 1},
      {K::garbage_after, 0, false, Effect::unknown, 1},
  };
  int number = 0;
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(sandbox::name_of(c.kind)) + " " + std::to_string(c.status));
    const std::string nonce = "fate-" + std::to_string(number++);
    next = {c.kind, 0, c.status};
    const auto page = perform(create({{0, nonce}}, nonce));
    EXPECT_EQ(page.has_value(), c.page) << (page ? "" : page.error().what);
    if (!page) EXPECT_EQ(page.error().effect, c.effect);
    clock.at_ms += 5 * minute_ms;
    const auto found = client.list(pair, {.nonce = nonce});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->pages.size(), c.made);
  }
}

TEST_F(Model, completes_texts_with_many_mentions) {
  make_all();
  const auto page = perform(create({{0, std::string("Kenya")}}));
  ASSERT_TRUE(page);
  json::array pieces;
  for (int i = 0; i < 60; ++i) {
    pieces.push_back(json::object{
        {"type", "mention"},
        {"mention", json::object{{"type", "page"}, {"page", json::object{{"id", model.root_page().text()}}}}}});
  }
  sandbox::Request person{.method = "PATCH", .path = "/v1/pages/" + page->id, .query = {}, .body = {}};
  person.body = json::object{{"properties", json::object{{"Notes", json::object{{"rich_text", std::move(pieces)}}}}}};
  person.token = model.person_token();
  person.version = notion_version;
  ASSERT_EQ(model.handle(person).status, 200);
  const auto read = perform(about(Kind::read, page->id));
  ASSERT_TRUE(read) << read.error().what;
  const auto* text = std::get_if<std::string>(&read->values[1]);
  ASSERT_TRUE(text);
  const std::size_t one = text->size() / 60;
  EXPECT_GT(one, 0U);
  EXPECT_EQ(text->size(), one * 60);
  EXPECT_EQ(read->formatted, std::vector<std::size_t>{1});
}

TEST_F(Model, a_page_taken_away_is_not_found_and_holds_a_remedy) {
  make_all();
  const auto page = perform(create({{0, std::string("Kenya")}}));
  ASSERT_TRUE(page);
  ASSERT_TRUE(model.share(*sandbox::parse_id(pair.database), false));
  const auto read = perform(about(Kind::read, page->id));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().cause, Cause::not_found);
  EXPECT_NE(read.error().hint.find("Connections"), std::string::npos);
  const auto list = client.list(pair, {});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().scope, Scope::pair);
  model.expire_token(model.integration_token());
  EXPECT_EQ(client.me().error().cause, Cause::unauthorised);
}

TEST_F(Model, finds_the_data_source_by_any_of_its_names) {
  make_all();
  clock.at_ms += 5 * minute_ms;
  Caller& caller = client.caller();
  for (const SourceName& name :
       {SourceName{pair.data_source, "", ""}, SourceName{"", pair.database, ""}, SourceName{"", pair.data_source, ""},
        SourceName{pair.database, "", ""}, SourceName{"", "", "Beans"}, SourceName{"", "", "beans"}}) {
    const auto found = find_source(caller, name);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->data_source, pair.data_source);
    EXPECT_EQ(found->database, pair.database);
  }
  const auto near = find_source(caller, {"", "", "Bean"});
  ASSERT_FALSE(near);
  EXPECT_NE(near.error().what.find("\"Beans\""), std::string::npos) << near.error().what;
  EXPECT_EQ(find_source(caller, {"", "not an id", ""}).error().cause, Cause::usage);
  EXPECT_EQ(find_source(caller, {"", "00000000-0000-4000-8000-00000000dead", ""}).error().cause, Cause::not_found);
}

TEST_F(Model, making_a_database_again_adopts_the_first) {
  make_all();
  const auto again = make_database(client.caller(), model.root_page().text(), "Beans", wanted_properties(pair));
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->adopted);
  EXPECT_EQ(again->schema.data_source, pair.data_source);
}

TEST_F(Model, a_database_whose_making_was_lost_on_the_way_back_is_found) {
  next = {Fate::Kind::lost_after};
  make_all();
  EXPECT_FALSE(pair.data_source.empty());
}

TEST_F(Model, adds_what_is_missing_and_takes_nothing_away) {
  make_all();
  const auto page = perform(create({{3, std::string("Yemen")}, {4, TextList{"natural"}}}));
  ASSERT_TRUE(page) << page.error().what;
  const std::vector<WantedProperty> wanted = {{"Name", "title", {}},
                                              {"Origin", "select", {"Kenya", "Brazil"}},
                                              {"Tags", "multi_select", {"washed", "honey"}},
                                              {"Price", "rich_text", {}},
                                              {"Supabase ID", "rich_text", {}}};
  const auto change = add_properties(client.caller(), pair.data_source, wanted);
  ASSERT_TRUE(change) << change.error().what;
  EXPECT_EQ(change->done, (std::vector<std::string>{"added 1 options to Origin", "added 1 options to Tags",
                                                    "added Supabase ID (rich_text)"}));
  EXPECT_EQ(change->notes.size(), 1U);  // Price is a number and stays one
  const auto after = perform(about(Kind::read, page->id));
  EXPECT_EQ(after->values[3], Value(std::string("Yemen")));
  EXPECT_EQ(after->values[4], Value(TextList{"natural"}));
  const auto origin = std::ranges::find(change->schema.properties, "Origin", &Property::name);
  EXPECT_EQ(origin->options, (std::vector<std::string>{"Kenya", "Peru", "Yemen", "Brazil"}));

  const auto again = add_properties(client.caller(), pair.data_source, wanted);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->done.empty());
}

TEST_F(Model, stays_inside_the_services_own_budget) {
  make_all();
  std::vector<PageRequest> requests;
  for (int i = 0; i < 400; ++i) requests.push_back(create({{0, std::to_string(i)}}, "b-" + std::to_string(i)));
  const Millis before = clock.at_ms;
  for (const auto& page : client.perform(pair, requests)) ASSERT_TRUE(page) << page.error().what;
  EXPECT_EQ(model.stats().rate_limited, 0U);
  EXPECT_LE(clock.at_ms - before, 120'000 * 1.05);
}

}  // namespace
}  // namespace rowpage
