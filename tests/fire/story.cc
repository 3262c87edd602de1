#include "fire/story.h"

#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include <fmt/format.h>

#include "fire/story_run.h"

namespace rowpage::fire {
namespace {

namespace fs = std::filesystem;

// One generator a concern, so that a new kind of trouble does not reshuffle what people do.
std::uint64_t mixed(std::uint64_t seed, std::uint64_t concern) {
  return (seed * 0x9e3779b97f4a7c15ULL + concern) * 0xbf58476d1ce4e5b9ULL;
}

std::string config(bool hard, const std::string& prefer, std::size_t batch, bool two_way) {
  return fmt::format(R"yaml(version: 1
notion: {{ token: "${{NOTION_API_KEY}}", parent_page: "${{NOTION_PARENT_PAGE_ID}}", requests_per_minute: 10000 }}
sync:
  batch_size: {}
  deletes: {}
  conflict: {{ prefer: {}, on_equal: notion, on_missing: supabase }}
  bounds: {{ landing: 1s, index: 1s }}
  bookkeeping: {{ nonce: Rowpage, row_id: Supabase ID, page_id_column: notion_page_id, updated_at_column: updated_at,
                 deleted_at_column: deleted_at }}
pairs:
  - model: Item
    notion: {{ title: Items }}
    table: items
    fields:
      - {{ column: name, property: Name, type: title }}
      - {{ column: note, property: Note, type: rich_text }}
      - {{ column: amount, property: Amount, type: number }}
      - {{ column: kind, property: Kind, type: select }}
      - {{ column: day, property: Day, type: date }}
      - {{ column: box_id, property: Box, type: relation, to: Box }}
      - {{ property: Boxes, type: relation, to: Box,{} join: {{ table: item_boxes, own: item_id, other: box_id }} }}
  - model: Box
    notion: {{ title: Boxes }}
    table: boxes
    fields:
      - {{ column: name, property: Name, type: title }}
      - {{ column: note, property: Note, type: rich_text }}
{})yaml",
                     batch, hard ? "hard" : "soft", prefer, two_way ? " two_way: Items," : "",
                     two_way ? "      - { property: Items, type: relation, to: Item, back_of: Boxes }\n" : "");
}

}  // namespace

Story::Story(PrivateCluster& cluster, std::uint64_t seed, bool verbose)
    : seed_(seed),
      verbose_(verbose),
      dice_(mixed(seed, 1)),
      hard_(below(3) == 0),
      stage_(cluster, fmt::format("fire_{}_{}", ::getpid(), ++stages), make_config()) {}

StoryResult Story::play() {
  try {
    set_up();
    const auto rounds = 6 + below(4);
    for (std::size_t round = 0; round < rounds && result_.wrong.empty(); ++round) play_round();
    if (result_.wrong.empty()) heal();
    if (result_.wrong.empty()) judge();
    look_for_secrets();
  } catch (const std::exception& error) {
    wrong(error.what());
  }
  if (people_) {
    const auto& did = people_->tally();
    result_.tally["edits"] = did.edits;
    result_.tally["creates"] = did.creates;
    result_.tally["deletions"] = did.deletions;
    result_.tally["restores"] = did.restores;
    result_.tally["link_edits"] = did.link_edits;
  }
  result_.tally["cut_lines"] += static_cast<std::uint64_t>(stage_.to_postgres->cuts() + stage_.to_notion->cuts());
  if (!result_.wrong.empty() && verbose_) std::fprintf(stderr, "folder %s\n", stage_.folder.c_str());
  return std::move(result_);
}

std::string Story::make_config() {
  static constexpr const char* sides[] = {"newest", "newest", "notion", "supabase", "ask"};
  const std::string prefer = sides[below(5)];
  asks_ = prefer == "ask";
  return config(hard_, prefer, 1 + below(6), below(2) == 0);
}

// --- setup, which may be killed, too ---

void Story::set_up() {
  if (below(4) == 0) {
    latency(5);
    const auto child = stage_.start({"setup", "--json"});
    pause_ms(below(400));
    ::kill(child.pid, SIGKILL);
    tell(fmt::format("setup was killed: {}", stage_.finish(child).code));
    ++result_.tally["kills"];
    latency(0);
    stage_.control("POST", "/clock", json::object{{"advance_s", 600}});
  }
  Ended done = stage_.run({"setup", "--json"});
  if (done.code != 0) throw std::runtime_error("setup: exit " + std::to_string(done.code) + " " + done.err);
  const auto* databases = find_object(done.object, "databases");
  if (!databases) throw std::runtime_error("setup names no databases: " + done.out);
  std::string sources[2];
  for (const auto& [model, into] : {std::pair{"Item", &sources[0]}, {"Box", &sources[1]}}) {
    const auto database = stage_.person("GET", "/v1/databases/" + std::string(find_string(*databases, model)));
    *into = find_string((*find_array(database, "data_sources"))[0], "id");
  }
  stage_.take_way();
  people_ = std::make_unique<People>(stage_, mixed(seed_, 2), hard_, sources[0], sources[1]);
  stage_.control("POST", "/clock", json::object{{"advance_s", 120}});  // search finds the databases
  people_->quiet(14);
  if (below(2) == 0) sync_well();
}

// --- syncs ---

void Story::latency(int ms) {
  stage_.control("POST", "/habits", json::object{{"latency_ms", ms}});
}

// What a sync may answer when something broke under it, or a dead runner's lease still stands.
void Story::expect(const Ended& ended, std::initializer_list<int> codes, const std::string& when) {
  tell(fmt::format("{}: exit {}", when, ended.code));
  ++result_.tally["exit_" + std::to_string(ended.code)];
  const bool allowed = std::find(codes.begin(), codes.end(), ended.code) != codes.end();
  if (!allowed && !(ended.code == 7 && leased_) && !(ended.code == 4 && asks_))
    wrong(fmt::format("{}: exit {} is none of those documented for it\n{}{}", when, ended.code, ended.out, ended.err));
  if (ended.code <= 130 && !ended.object.is_object())
    wrong(fmt::format("{}: no JSON object came\n{}{}", when, ended.out, ended.err));
}

Child Story::begin() {
  ++result_.tally["syncs"];
  began_ = people_->began();
  return stage_.start({"sync", "--json"});
}

void Story::ended(const Ended& done) {
  if (done.code == 0) people_->ended_well(began_);
  if (done.code == 0 || done.code == 3 || done.code == 4) leased_ = false;
}

void Story::let_time_pass() {
  stage_.pass_time();
  people_->time_passed();
}

void Story::sync_well() {
  let_time_pass();
  leased_ = false;
  const auto done = stage_.finish(begin());
  expect(done, {0, 3}, "plain sync");
  ended(done);
}

// People go on while it runs, until it ends or `ms` have passed.
void Story::let_run(const Child& child, std::size_t ms, bool with_people) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (stage_.running(child) && std::chrono::steady_clock::now() < until) {
    if (with_people) {
      people_->meanwhile();
      pause_ms(below(30));
    } else {
      pause_ms(1);
    }
  }
}

// People settle what waits for them (prefer: ask).
void Story::decide() {
  const auto open = stage_.run({"conflicts", "list", "--json"});
  const auto* list = find_array(open.object, "conflicts");
  if (!list) return wrong("the conflicts cannot be listed: " + open.out + open.err);
  for (const auto& conflict : *list) {
    const auto id = number_text(as_number(*find(conflict, "id")).value_or(0));
    const auto chosen =
        stage_.run({"conflicts", "resolve", id, "--take", below(2) == 0 ? "notion" : "supabase", "--json"});
    if (chosen.code != 0) wrong(fmt::format("resolving conflict {}: exit {} {}", id, chosen.code, chosen.err));
    ++result_.tally["decisions"];
  }
}

// --- all is well again ---

std::string Story::marks() {
  std::string all;
  for (const char* table : {"items", "boxes", "item_boxes"}) {
    for (const auto& row :
         stage_.sql(std::string("select count(*), coalesce(sum(xmin::text::bigint), 0) from ") + table))
      all += row[0].value_or("") + ":" + row[1].value_or("") + " ";
  }
  return all + to_text(*find(stage_.control("GET", "/stats"), "writes_total"));
}

void Story::heal() {
  const std::uint64_t syncs_most = asks_ ? 9 : 6;  // a decision needs a sync of its own
  std::string why;
  for (std::uint64_t n = 1; n <= syncs_most; ++n) {
    let_time_pass();
    leased_ = false;
    const auto before = marks();
    const auto done = stage_.finish(begin());
    expect(done, {0, 3}, "healing");
    ended(done);
    if (!result_.wrong.empty()) return;
    why = done.out;
    if (done.code == 4 && marks() == before) decide();
    if (done.code != 0 || marks() != before) continue;
    result_.tally["healing_syncs"] += n;
    result_.tally["healing_most"] = n;
    return;
  }
  wrong(fmt::format("I1: {} syncs after all was well, it is still not quiet: {}", syncs_most, why));
  for (const auto& row : stage_.sql("select kind, row_key, page_id::text, reason from rowpage.parked"))
    wrong(fmt::format("waits: {} {} {} {}", row[0].value_or(""), row[1].value_or(""), row[2].value_or(""),
                      row[3].value_or("")));
}

void Story::judge() {
  const auto conflicts = stage_.run({"conflicts", "list", "--all", "--json"});
  if (const auto* list = find_array(conflicts.object, "conflicts")) result_.tally["conflicts"] = list->size();
  for (auto& each : people_->judge(conflicts.object)) wrong(std::move(each));
}

void Story::look_for_secrets() {
  for (const auto& entry : fs::recursive_directory_iterator(stage_.folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == ".1.out") continue;  // that is the sandbox telling them
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    ++result_.tally["files_searched"];
    for (const auto& secret : stage_.secrets) {
      if (text.find(secret) != std::string::npos) wrong("a secret stands in " + entry.path().string());
    }
  }
}

Result<PrivateCluster> start_cluster() {
  return PrivateCluster::start({.settings = {{"synchronous_commit", "on"}, {"autovacuum", "off"}}});
}

StoryResult run_story(PrivateCluster& cluster, std::uint64_t seed, bool verbose) {
  try {
    return Story(cluster, seed, verbose).play();
  } catch (const std::exception& error) {
    StoryResult result;
    result.wrong.push_back(error.what());
    return result;
  }
}

}  // namespace rowpage::fire
