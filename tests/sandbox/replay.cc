#include "sandbox/replay.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace rowpage::sandbox {
namespace {

Habits replay_habits() {
  Habits habits;
  habits.index_delay_ms = 0;  // the recorded clients waited or were lucky; delays have their own tests
  habits.search_delay_ms = 0;
  habits.requests_per_minute = 0;
  return habits;
}

bool is_full(const json::value& value) {
  const auto kind = find_string(value, "object");
  if (kind == "page" || kind == "data_source") return find(value, "properties") != nullptr;
  if (kind == "database") return find(value, "title") != nullptr;
  return kind == "block" && find(value, "type") != nullptr;
}

std::string id_of(const json::value& value) {
  const auto id = parse_id(find_string(value, "id"));
  return id ? id->text() : std::string();
}

std::string parent_id(const json::value& value) {
  const auto* parent = find(value, "parent");
  if (!parent) return {};
  for (const std::string_view key : {"data_source_id", "page_id", "block_id", "database_id"}) {
    if (const auto id = parse_id(find_string(*parent, key))) return id->text();
  }
  return {};
}

bool is_time_key(std::string_view key) {
  return key == "created_time" || key == "last_edited_time" || key == "expiry_time";
}

bool is_loose_key(std::string_view key) {
  return key == "url" || key == "public_url" || key == "href" || key == "next_url" || key == "status_url" ||
         key == "upload_url" || key == "message";
}

std::string short_text(const json::value& value) {
  auto text = to_text(value);
  if (text.size() > 120) text = text.substr(0, 120) + "…";
  return text;
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at <= path.size()) {
    const auto end = std::min(path.find('/', at), path.size());
    parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// Single blocks are replayed for their effects and reported apart.
bool in_contract(const std::string& path) {
  const auto parts = split(path);
  return parts.size() < 3 || parts[2] != "blocks" || parts.size() > 4;
}

}  // namespace

Replay::Replay(std::string file, std::vector<Recorded> exchanges)
    : file_(std::move(file)),
      exchanges_(std::move(exchanges)),
      model_(
          replay_habits(), [this] { return clock_; }, 7),
      importer_(model_.world()) {
  model_.world().user_order.clear();  // only the people of the conversation
}

void Replay::collect(const json::value& value, std::size_t index, bool made_here) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) collect(one, index, made_here);
    return;
  }
  const auto* object = value.if_object();
  if (!object) return;
  if (is_full(value)) {
    const auto id = id_of(value);
    if (made_here && !first_shown_.contains(id)) made_.insert(id);
    if (!made_.contains(id) && !first_shown_.contains(id) && !below_made(value)) {
      first_shown_[id] = index;
      shown_as_[id] = value;
      import_order_.push_back(id);
    }
    if (made_.contains(id) && find_string(value, "object") == "database") {
      for (const auto& source : value.at("data_sources").get_array()) made_.insert(id_of(source));
    }
  }
  for (const auto& [key, inner] : *object) {
    if (key != "properties") collect(inner, index, false);
  }
}

// Blocks and pages below something the conversation made were made by it too (children in a create request).
bool Replay::below_made(const json::value& object) const {
  const auto parent = parent_id(object);
  return !parent.empty() && made_.contains(parent) && find_string(object, "object") == "block";
}

void Replay::find_made() {
  for (const auto& exchange : exchanges_) {
    const auto method = find_string(exchange.line, "method");
    const std::string path(find_string(exchange.line, "path"));
    const auto& answer = exchange.line.at("response");
    const auto parts = split(path);
    const bool creates = method == "POST" && parts.size() <= 4 && path.find("/query") == std::string::npos &&
                         path.find("/search") == std::string::npos && path.find("/move") == std::string::npos;
    if (creates) {
      collect(answer, exchange.index, true);
    } else if (method == "PATCH" && path.ends_with("/children")) {
      const auto* results = find_array(answer, "results");
      const auto* sent = find_array(exchange.line.at("request"), "children");
      for (std::size_t i = 0; results && i < results->size(); ++i)
        collect((*results)[i], exchange.index, sent && i < sent->size());
    } else {
      collect(answer, exchange.index, false);
    }
  }
  // A block below a made block is known as made only once its parent is: look again.
  for (bool again = true; again;) {
    again = false;
    for (const auto& id : import_order_) {
      if (!made_.contains(id) && below_made(shown_as_.at(id))) again = made_.insert(id).second || again;
    }
  }
}

void Replay::import_one(const std::string& id) {
  if (made_.contains(id) || !imported_.insert(id).second) return;
  if (importer_.take(shown_as_.at(id))) echoes_.insert(first_shown_.at(id));
}

// What this exchange is the first to show. Schemas before rows; rows are listed newest first, so the last is the
// oldest.
void Replay::import_shown(const Recorded& exchange) {
  std::vector<std::string> ranks[4];
  for (const auto& id : import_order_) {
    if (first_shown_.at(id) != exchange.index) continue;
    const auto kind = find_string(shown_as_.at(id), "object");
    ranks[kind == "data_source" ? 0 : kind == "database" ? 1 : kind == "page" ? 2 : 3].push_back(id);
  }
  std::ranges::reverse(ranks[2]);
  for (const auto& rank : ranks) {
    for (const auto& id : rank) import_one(id);
  }
  import_named(exchange.line.at("request"));
}

// What a request speaks of is there already, though only a later answer shows it.
void Replay::import_named(const json::value& value) {
  if (const auto* text = value.if_string()) {
    const auto id = parse_id(*text);
    if (id && shown_as_.contains(id->text())) import_one(id->text());
  } else if (const auto* array = value.if_array()) {
    for (const auto& one : *array) import_named(one);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, inner] : *object) import_named(inner);
  }
}

void Replay::import_people() {
  for (const auto& exchange : exchanges_) {
    const auto& answer = exchange.line.at("response");
    importer_.take_people(answer);
    if (find_string(answer, "object") == "user" && find_string(exchange.line, "path").ends_with("/me")) {
      model_.act_as(*parse_id(find_string(answer, "id")));
      echoes_.insert(exchange.index);
    }
  }
}

// Who makes things before any answer has told it: the maker of the first thing the conversation made.
void Replay::act_as_first_maker() {
  for (const auto& exchange : exchanges_) {
    const auto& answer = exchange.line.at("response");
    const auto* by = made_.contains(id_of(answer)) ? find(answer, "created_by") : nullptr;
    if (const auto id = by ? parse_id(find_string(*by, "id")) : std::nullopt) {
      model_.act_as(*id);
      return;
    }
  }
}

// Whose token a write was sent with is an input; the answer tells, since the editor of what was written is its sender.
void Replay::act_as_sender(const Recorded& exchange) {
  if (find_string(exchange.line, "method") == "GET") return;
  const auto* answer = &exchange.line.at("response");
  if (find_string(*answer, "object") == "list") {
    const auto* results = find_array(*answer, "results");
    if (find(exchange.line.at("request"), "children") == nullptr || !results || results->empty()) return;
    answer = &(*results)[0];
  }
  const auto* by = find(*answer, "last_edited_by");
  if (const auto id = by ? parse_id(find_string(*by, "id")) : std::nullopt) model_.act_as(*id);
}

void Replay::import_missing(const Recorded& exchange) {
  const auto& line = exchange.line;
  if (line.at("status") != 200 && line.at("status") != 202) return;
  auto& world = model_.world();
  const auto parts = split(std::string(find_string(line, "path")));
  const auto id = parts.size() > 3 ? parse_id(parts[3]) : std::nullopt;
  if (id && !made_.contains(id->text())) {
    if (parts[2] == "pages" || parts[2] == "blocks") {
      if (parts.size() == 6 && parts[4] == "properties") {
        const auto* page = world.page(*id);
        const auto* source = page ? world.source(page->now->parent.id) : nullptr;
        const auto* property = source ? source->by_id(percent_decode(parts[5])) : nullptr;
        if (!property || source->id == *id) {
          importer_.take_item(*id, parts[5], line.at("response"));
          echoes_.insert(exchange.index);
        }
      } else if (!shown_as_.contains(id->text()) && !world.page(*id) && !world.block(*id) && !world.database(*id)) {
        // Its children's parent says what it is.
        const auto* results = find_array(line.at("response"), "results");
        const auto* above = results && !results->empty() ? find((*results)[0], "parent") : nullptr;
        if (above && find_string(*above, "type") == "block_id") {
          importer_.stub_block(*id);
        } else {
          importer_.stub_page(*id);
        }
      }
    }
    if (parts[2] == "databases" && !world.database(*id)) importer_.stub_database(*id);
    if (parts[2] == "data_sources" && !world.source(*id)) importer_.stub_source(*id);
  }
  stub_related(line.at("request"));
  if (const auto* position = find(line.at("request"), "position")) {
    const auto* after = find(*position, "after_block");
    const auto block = after ? parse_id(find_string(*after, "id")) : std::nullopt;
    if (block && id && !made_.contains(block->text()) && !world.block(*block)) {
      importer_.stub_block(*block);
      world.adopt({world.page(*id) ? Parent::Kind::page : Parent::Kind::block, *id}, *block);
    }
  }
  const auto* parent = find(line.at("request"), "parent");
  if (!parent) return;
  const auto missing = [&](std::string_view key) -> std::optional<Id> {
    const auto named = parse_id(find_string(*parent, key));
    return named && !made_.contains(named->text()) ? named : std::nullopt;
  };
  if (const auto page = missing("page_id")) importer_.stub_page(*page);
  if (const auto source = missing("data_source_id"); source && !world.source(*source)) {
    // No answer shows its schema, but the page made here shows its properties.
    importer_.take_schema_of(line.at("response"));
    echoes_.insert(exchange.index);
  }
  if (const auto database = missing("database_id"); database && !missing("data_source_id"))
    importer_.stub_database(*database);
}

// Data sources that a schema relates to.
void Replay::stub_related(const json::value& value) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) stub_related(one);
  } else if (const auto* object = value.if_object()) {
    const auto id = parse_id(find_string(value, "data_source_id"));
    if (id && !made_.contains(id->text()) && !shown_as_.contains(id->text())) {
      importer_.stub_source(*id);
    }
    for (const auto& [key, inner] : *object) {
      if (key != "parent") stub_related(inner);
    }
  }
}

std::string Replay::rewritten_text(const std::string& text) const {
  if (const auto id = parse_id(text)) {
    const auto known = alias_.find(id->text());
    return known == alias_.end() ? text : known->second;
  }
  if (const auto known = alias_.find(text); known != alias_.end()) return known->second;
  if (const auto known = cursors_.find(text); known != cursors_.end()) return known->second;
  if (text.find("notion:block_property:") == std::string::npos) return text;
  std::string out = text;
  for (const auto& [recorded, ours] : alias_) {
    for (auto at = out.find(recorded); at != std::string::npos; at = out.find(recorded, at + ours.size())) {
      out.replace(at, recorded.size(), ours);
    }
  }
  return out;
}

json::value Replay::rewritten(const json::value& value) const {
  if (const auto* text = value.if_string()) return json::string(rewritten_text(std::string(*text)));
  if (const auto* array = value.if_array()) {
    json::array out;
    for (const auto& one : *array) out.push_back(rewritten(one));
    return out;
  }
  if (const auto* object = value.if_object()) {
    json::object out;
    for (const auto& [key, inner] : *object) {
      const auto known = alias_.find(std::string(key));
      out[known == alias_.end() ? std::string(key) : known->second] = rewritten(inner);
    }
    return out;
  }
  return value;
}

std::string Replay::rewritten_path(const std::string& path) const {
  std::string out;
  const auto parts = split(path);  // the first is empty: paths begin with a slash
  for (std::size_t i = 1; i < parts.size(); ++i) out += "/" + rewritten_text(parts[i]);
  return out;
}

void Replay::note_colors(const json::value& value) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) note_colors(one);
  } else if (const auto* object = value.if_object()) {
    if (find(value, "color") && find(value, "name")) {
      colors_asked_.emplace(find_string(value, "name"), find_string(value, "color"));
    }
    for (const auto& [key, inner] : *object) note_colors(inner);
  }
}

void Replay::set_clock(const json::value& answer) {
  if (const auto* results = find_array(answer, "results")) {
    for (const auto& one : *results) set_clock(one);
  }
  for (const std::string_view key : {"last_edited_time", "created_time"}) {
    if (const auto time = parse_time(find_string(answer, key))) clock_ = std::max(clock_, time->ms);
  }
}

bool Replay::old_answer(const json::value& object) const {
  // Before spring 2026 answers had fewer fields; what was not there then cannot be compared.
  const auto time = parse_time(find_string(object, "last_edited_time"));
  return file_.starts_with("notion-ruby-mapping") || (time && time->ms < parse_time("2026-05-01")->ms);
}

std::string Replay::compare(const json::value& want, const json::value& got, const std::string& place,
                            std::string_view key) {
  const auto differ = [&](std::string_view what) {
    return fmt::format("{}: {} (recorded {}, answered {})", place, what, short_text(want), short_text(got));
  };
  const auto want_number = as_number(want), got_number = as_number(got);
  if (want_number && got_number) {
    return std::abs(*want_number - *got_number) <= 1e-9 * std::max(1.0, std::abs(*want_number)) ? "" : differ("value");
  }
  if (key == "public_url") return "";  // depends on publishing, which no request shows
  if (want.kind() != got.kind()) return differ("kind");
  if (const auto* text = want.if_string()) {
    const std::string recorded(*text), ours(got.get_string());
    if (is_time_key(key)) {
      const auto a = parse_time(recorded), b = parse_time(ours);
      return a && b && recorded.size() == ours.size() && recorded.back() == ours.back() ? "" : differ("form of a time");
    }
    if (is_loose_key(key)) return "";
    if (key == "next_cursor") {
      cursors_[recorded] = ours;
      return "";
    }
    const auto recorded_id = parse_id(recorded), our_id = parse_id(ours);
    const bool names_id = key == "id" || key.ends_with("_id");
    if ((recorded_id && our_id) || (names_id && key != "block_id")) {
      const auto from = recorded_id ? recorded_id->text() : recorded;
      const auto known = alias_.find(from);
      if (known != alias_.end()) {
        return percent_decode(known->second) == percent_decode(ours) ? "" : differ("another thing's id");
      }
      if (from == ours) return "";
      if (taken_.contains(ours)) return differ("id of something else");
      taken_[ours] = from;
      if (recorded_id) {
        alias_[from] = ours;
      } else {  // a property id, shown encoded in most places and plain in some
        const auto encoded = encode_property_id(percent_decode(ours));
        alias_[percent_decode(from)] = encoded;
        alias_[encode_property_id(percent_decode(from))] = encoded;
      }
      return "";
    }
    if (key == "expression") {
      // {{notion:block_property:PROPERTY:SOURCE:WORKSPACE}}
      const auto space = [](const std::string& expression) {
        const auto end = expression.find("}}");
        return end == std::string::npos || end < 36 ? std::string() : expression.substr(end - 36, 36);
      };
      if (parse_id(space(recorded)) && parse_id(space(ours))) alias_.try_emplace(space(recorded), space(ours));
    }
    if (key == "expression") return rewritten_text(recorded) == ours || recorded == ours ? "" : differ("value");
    return recorded == ours ? "" : differ("value");
  }
  if (const auto* array = want.if_array()) {
    const auto& ours = got.get_array();
    if (array->size() != ours.size()) return differ(fmt::format("{} items instead of {}", ours.size(), array->size()));
    for (std::size_t i = 0; i < array->size(); ++i) {
      auto difference = compare((*array)[i], ours[i], fmt::format("{}[{}]", place, i), key);
      if (!difference.empty()) return difference;
    }
    return "";
  }
  if (const auto* object = want.if_object()) {
    const auto& ours = got.get_object();
    const bool old = old_answer(want);
    for (const auto& [name, inner] : *object) {
      if (name == "request_id" || name == "additional_data") continue;
      const auto* other = ours.if_contains(name);
      if (!other) return fmt::format("{}.{}: missing", place, std::string_view(name));
      const bool option = object->contains("id") && object->contains("name") && object->contains("color");
      if (name == "color" && option &&
          !colors_asked_.contains({std::string(find_string(want, "name")), std::string(inner.get_string())})) {
        continue;  // the service picked it
      }
      auto difference = compare(inner, *other, fmt::format("{}.{}", place, std::string_view(name)), name);
      if (!difference.empty()) return difference;
    }
    for (const auto& [name, inner] : ours) {
      if (name == "request_id" || name == "additional_data" || object->contains(name)) continue;
      static const std::set<std::string_view> younger = {"is_archived", "is_locked",   "archived",
                                                         "icon",        "description", "database_id"};
      if (old && younger.contains(name)) continue;
      return fmt::format("{}.{}: not in the recorded answer", place, std::string_view(name));
    }
    return "";
  }
  return want == got ? "" : differ("value");
}

// Lists of pages: by id where an order is not promised or entries were taken out of the recording.
std::string Replay::compare_results(const json::value& want, const json::value& got, bool trimmed, bool any_order) {
  const auto* recorded = find_array(want, "results");
  const auto* ours = find_array(got, "results");
  if (!recorded || !ours) return compare(want, got, "body", "");
  if (!trimmed && recorded->size() != ours->size()) {
    return fmt::format("body.results: {} instead of {}", ours->size(), recorded->size());
  }
  for (std::size_t i = 0; i < recorded->size(); ++i) {
    const auto& one = (*recorded)[i];
    const auto wanted = rewritten_text(id_of(one));
    auto found = std::ranges::find_if(*ours, [&](const auto& other) { return find_string(other, "id") == wanted; });
    // What this very request made is not tied to an id of ours yet: it stands at its place.
    if (found == ours->end() && made_.contains(id_of(one)) && !alias_.contains(id_of(one)) && i < ours->size()) {
      found = ours->begin() + static_cast<std::ptrdiff_t>(i);
    }
    if (found == ours->end()) {
      return fmt::format("body.results[{}]: {} is not among the {} answered", i, wanted, ours->size());
    }
    if (!any_order && !trimmed && static_cast<std::size_t>(found - ours->begin()) != i) {
      return fmt::format("body.results[{}]: stands at {} in the answer", i, found - ours->begin());
    }
    auto difference = compare(one, *found, fmt::format("body.results[{}]", i), "");
    if (!difference.empty()) return difference;
  }
  json::object want_rest = want.get_object(), got_rest = got.get_object();
  want_rest.erase("results");
  got_rest.erase("results");
  return compare(want_rest, got_rest, "body", "");
}

Verdict Replay::play(const Recorded& exchange) {
  const auto& line = exchange.line;
  const std::string method(find_string(line, "method")), path(find_string(line, "path"));
  Verdict verdict{file_, exchange.index, method + " " + path};
  verdict.listed = in_contract(path);
  Request request;
  request.method = method;
  request.path = rewritten_path(path);
  request.version = std::string(find_string(line, "version"));
  request.token = line.at("status") == 401 ? "wrong" : model_.integration_token();
  request.body = rewritten(line.at("request"));
  if (const auto* query = find_object(line, "query")) {
    for (const auto& [key, value] : *query) {
      if (value.is_string()) request.query.emplace_back(key, rewritten_text(std::string(value.get_string())));
    }
  }
  note_colors(line.at("request"));
  const auto& want = line.at("response");
  set_clock(want);
  act_as_sender(exchange);
  const auto answer = model_.handle(request);
  verdict.echo = echoes_.contains(exchange.index);
  if (line.at("status") != answer.status) {
    verdict.reason = fmt::format("status {} instead of {}: {}", answer.status, to_text(line.at("status")),
                                 find_string(answer.body, "message"));
    return verdict;
  }
  const bool trimmed = find(line, "trimmed") != nullptr;
  const bool lists = trimmed || (method == "POST" && (path.ends_with("/query") || path.ends_with("/search")));
  verdict.reason = lists ? compare_results(want, answer.body, trimmed, path.ends_with("/search"))
                         : compare(want, answer.body, "body", "");
  verdict.agrees = verdict.reason.empty();
  return verdict;
}

std::vector<Verdict> Replay::run() {
  find_made();
  act_as_first_maker();
  import_people();
  std::vector<Verdict> verdicts;
  for (const auto& exchange : exchanges_) {
    for (const auto& part : split(std::string(find_string(exchange.line, "path")))) import_named(json::string(part));
    import_named(exchange.line.at("request"));
    import_missing(exchange);
    import_shown(exchange);
    verdicts.push_back(play(exchange));
  }
  return verdicts;
}

}  // namespace rowpage::sandbox
