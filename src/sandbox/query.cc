#include "sandbox/query.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "core/text.h"
#include "sandbox/pages.h"
#include "sandbox/rich_text.h"
#include "sandbox/sources.h"

namespace rowpage::sandbox {
namespace {

constexpr std::size_t sessions_max = 256;

struct Row {
  const Page* page = nullptr;
  std::vector<SortKey> keys;
};

struct Wanted {
  std::optional<Condition> filter;
  std::vector<Sort> sorts;
  bool archived = false;
  bool in_trash = false;
};

Outcome<Wanted> read_body(const Call& call, const Source& source) {
  const auto& body = call.request.body;
  Wanted wanted;
  if (body.is_null()) return wanted;
  if (!body.is_object()) return should_be("body", "an object", &body);
  for (const auto& [key, value] : body.get_object()) {
    static constexpr std::string_view known[] = {"filter",       "sorts",       "page_size",
                                                 "start_cursor", "result_type", "is_archived"};
    if (std::ranges::find(known, std::string_view(key)) != std::end(known)) continue;
    const bool trash = key == "in_trash" || (key == "archived" && !call.newest);
    if (trash && call.habits.query_in_trash != Habits::TrashQuery::refused) {
      wanted.in_trash =
          value.is_bool() && value.get_bool() && call.habits.query_in_trash == Habits::TrashQuery::honoured;
      continue;
    }
    return should_be(fmt::format("body.{}", std::string_view(key)), "not present", &value);
  }
  wanted.archived = find_bool(body, "is_archived");
  if (const auto* filter = find(body, "filter"); filter && !filter->is_null()) {
    auto read = read_filter(call, source, *filter);
    if (!read) return tl::unexpected(read.error());
    wanted.filter = std::move(*read);
  }
  auto sorts = read_sorts(source, find(body, "sorts"));
  if (!sorts) return tl::unexpected(sorts.error());
  wanted.sorts = std::move(*sorts);
  return wanted;
}

// Order of two rows; without sorts, and among equals, the newest page stands first.
bool before(const std::vector<Sort>& sorts, const std::vector<SortKey>& a, std::uint64_t a_sequence,
            const std::vector<SortKey>& b, std::uint64_t b_sequence) {
  for (std::size_t i = 0; i < sorts.size(); ++i) {
    if (a[i] == b[i]) continue;
    if ((a[i].rank == 2) != (b[i].rank == 2)) return b[i].rank == 2;  // empty ones last either way
    return sorts[i].descending ? b[i] < a[i] : a[i] < b[i];
  }
  return a_sequence > b_sequence;
}

const PageState* visible(const Call& call, const Source& source, const Page& page, const Wanted& wanted) {
  const auto* state = page.at(call.now - call.habits.index_delay_ms);
  if (!state || state->parent.kind != Parent::Kind::source || state->parent.id != source.id) return nullptr;
  if (state->in_trash != wanted.in_trash || state->archived != wanted.archived) return nullptr;
  if (page.unshared && !call.person) return nullptr;  // what is not shared with the integration shows nowhere
  if (wanted.filter && !matches(call, source, *wanted.filter, page, *state)) return nullptr;
  return state;
}

std::vector<Row> ordered_rows(const Call& call, const Source& source, const Wanted& wanted) {
  std::vector<Row> rows;
  if (source.in_trash || call.world.trashed({Parent::Kind::database, source.database})) return rows;
  for (const auto* page : source.rows) {
    const auto* state = visible(call, source, *page, wanted);
    if (!state) continue;
    Row row{page, {}};
    row.keys.reserve(wanted.sorts.size());
    for (const auto& sort : wanted.sorts) row.keys.push_back(sort_key(call, source, sort, *page, *state));
    rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, [&](const Row& a, const Row& b) {
    return before(wanted.sorts, a.keys, a.page->sequence, b.keys, b.page->sequence);
  });
  return rows;
}

bool still_right(const Call& call, const Source& source, const QuerySession& session) {
  return source.changed + call.habits.index_delay_ms <= session.computed;
}

}  // namespace

Outcome<json::object> Queries::query(Call& call, const Id& id) {
  const auto found = find_source(call, id);
  if (!found) return tl::unexpected(found.error());
  const Source& source = **found;
  const auto paging = read_paging(call, true);
  if (!paging) return tl::unexpected(paging.error());
  const auto wanted = read_body(call, source);
  if (!wanted) return tl::unexpected(wanted.error());
  const auto only = read_filter_properties(call, &source);
  if (!only) return tl::unexpected(only.error());

  QuerySession session;
  if (!paging->cursor.empty()) {
    const auto kept = std::ranges::find(sessions_, paging->cursor, &QuerySession::cursor);
    if (kept == sessions_.end() || kept->source != id || call.now - kept->made > call.habits.cursor_ttl_ms) {
      return invalid("The start_cursor provided is invalid: " + paging->cursor);
    }
    session = *kept;
  }
  if (!session.rows || !still_right(call, source, session)) {
    const auto rows = ordered_rows(call, source, *wanted);
    const bool going_on = session.rows != nullptr;
    session.rows = std::make_shared<std::vector<const Page*>>();
    session.rows->reserve(rows.size());
    for (const auto& row : rows) session.rows->push_back(row.page);
    if (going_on && call.habits.keyset_cursors) {
      const auto next = std::ranges::find_if(rows, [&](const Row& row) {
        return before(wanted->sorts, session.last_keys, session.last_sequence, row.keys, row.page->sequence);
      });
      session.offset = static_cast<std::size_t>(next - rows.begin());
    }
    session.source = id;
    session.computed = call.now;
  }

  json::array results;
  std::size_t at = session.offset;
  const std::size_t allowed = call.habits.query_rows_max - std::min(call.habits.query_rows_max, session.served);
  const bool cut = session.rows->size() + session.served > call.habits.query_rows_max + session.offset;
  const Page* last = nullptr;
  for (; at < session.rows->size() && results.size() < std::min(paging->size, allowed); ++at) {
    const Page& page = *(*session.rows)[at];
    const auto* state = page.at(call.now - call.habits.index_delay_ms);
    if (!state) continue;
    results.push_back(show_page(call, page, *state, *only ? &**only : nullptr));
    last = &page;
  }
  session.served += results.size();
  session.offset = at;
  std::optional<std::string> next;
  if (at < session.rows->size() && session.served < call.habits.query_rows_max) {
    next = fmt::format("s:{}:{}", call.world.ids.next().text(), (*session.rows)[at]->id.text());
    if (last) {
      session.last_sequence = last->sequence;
      session.last_keys.clear();
      const auto* state = last->at(call.now - call.habits.index_delay_ms);
      for (const auto& sort : wanted->sorts) session.last_keys.push_back(sort_key(call, source, sort, *last, *state));
    }
    session.cursor = *next;
    session.made = call.now;
    sessions_.push_back(std::move(session));
    if (sessions_.size() > sessions_max) sessions_.pop_front();
  }
  auto shown = show_list(std::move(results), next, "page_or_data_source");
  if (cut) {
    shown["request_status"] = json::object{{"type", "incomplete"}, {"incomplete_reason", "query_result_limit_reached"}};
  }
  return shown;
}

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : ascii_lower(text)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

// The service's search is generous: one word in common is enough, and "test" finds "Tests".
bool title_matches(const std::vector<std::string>& query, std::string_view title) {
  if (query.empty()) return true;
  const auto words = words_of(title);
  return std::ranges::any_of(query, [&](const auto& wanted) {
    return std::ranges::any_of(
        words, [&](const auto& word) { return word == wanted || (wanted.size() >= 3 && word.starts_with(wanted)); });
  });
}

// What holds for everything at one place: rows of one data source are asked about by the thousand.
class Places {
 public:
  explicit Places(const Call& call) : call_(call) {}
  bool trashed(const Parent& parent) { return at(parent).trashed; }
  bool seen(const Parent& parent) { return at(parent).seen; }

 private:
  struct Place {
    bool trashed = false, seen = true;
  };
  const Place& at(const Parent& parent) {
    if (parent.kind != Parent::Kind::source) return single_ = look(parent);
    const auto [found, added] = sources_.try_emplace(parent.id);
    if (added) found->second = look(parent);
    return found->second;
  }
  Place look(const Parent& parent) const { return {call_.world.trashed(parent), call_.sees(parent)}; }

  const Call& call_;
  Place single_;
  std::unordered_map<Id, Place> sources_;
};

struct Hit {
  Millis edited = 0;
  std::uint64_t sequence = 0;
  const Page* page = nullptr;
  const PageState* state = nullptr;
  const Source* source = nullptr;
};

}  // namespace

Outcome<json::object> search(Call& call) {
  const auto& body = call.request.body;
  const auto paging = read_paging(call, true);
  if (!paging) return tl::unexpected(paging.error());
  bool pages = true, sources = true, in_trash = false;
  if (const auto* filter = find(body, "filter"); filter && filter->is_object()) {
    const auto value = find_string(*filter, "value");
    if (!value.empty() || find(*filter, "property")) {
      if (value != "page" && value != "data_source") {
        return should_be("body.filter.value", "`\"page\"` or `\"data_source\"`", find(*filter, "value"));
      }
      pages = value == "page";
      sources = value == "data_source";
    }
    if (const auto* trash = find(*filter, "in_trash")) {
      if (call.habits.search_in_trash == Habits::TrashQuery::refused) {
        return should_be("body.filter.in_trash", "not present", trash);
      }
      in_trash = trash->is_bool() && trash->get_bool() && call.habits.search_in_trash == Habits::TrashQuery::honoured;
    }
  }
  const auto query = words_of(find_string(body, "query"));
  const Millis moment = call.now - call.habits.search_delay_ms;
  std::vector<Hit> hits;
  if (pages) {
    Places places(call);
    for (const auto& [id, page] : call.world.pages) {
      const auto* state = page->at(moment);
      if (!state || (state->in_trash || places.trashed(state->parent)) != in_trash) continue;
      if (!call.person && (page->unshared || !places.seen(page->now->parent))) continue;
      const auto* title = query.empty() ? nullptr : state->cell(title_key);
      if (!title_matches(query, title ? plain_text(call.world, *title) : std::string())) continue;
      hits.push_back({state->edited, page->sequence, page.get(), state, nullptr});
    }
  }
  if (sources) {
    for (const auto& [id, source] : call.world.sources) {
      if (source->created > moment || !call.sees({Parent::Kind::source, id})) continue;
      const bool trashed = source->in_trash || call.world.trashed({Parent::Kind::database, source->database});
      if (trashed != in_trash || !title_matches(query, plain_text(call.world, source->title))) continue;
      hits.push_back({source->edited, id.low, nullptr, nullptr, source.get()});
    }
  }
  const auto* sort = find(body, "sort");
  const bool ascending = sort && find_string(*sort, "direction") == "ascending";
  const auto offset = read_cursor(call, "search", paging->cursor);
  if (!offset) return tl::unexpected(offset.error());
  const auto wanted = std::min(hits.size(), *offset + paging->size);
  std::ranges::partial_sort(hits, hits.begin() + static_cast<std::ptrdiff_t>(wanted), [&](const Hit& a, const Hit& b) {
    if (a.edited != b.edited) return ascending ? a.edited < b.edited : a.edited > b.edited;
    return a.sequence > b.sequence;
  });
  json::array results;
  for (std::size_t i = *offset; i < hits.size() && results.size() < paging->size; ++i) {
    results.push_back(hits[i].page ? show_page(call, *hits[i].page, *hits[i].state)
                                   : show_source(call, *hits[i].source));
  }
  std::optional<std::string> next;
  if (*offset + results.size() < hits.size()) next = make_cursor(call, "search", *offset + results.size());
  return show_list(std::move(results), next, "page_or_data_source");
}

Outcome<json::object> list_users(Call& call) {
  const auto paging = read_paging(call, false);
  if (!paging) return tl::unexpected(paging.error());
  const auto offset = read_cursor(call, "users", paging->cursor);
  if (!offset) return tl::unexpected(offset.error());
  json::array results;
  const auto& order = call.world.user_order;
  for (std::size_t i = *offset; i < order.size() && results.size() < paging->size; ++i) {
    results.push_back(show_user(call.world, order[i]));
  }
  std::optional<std::string> next;
  if (*offset + results.size() < order.size()) next = make_cursor(call, "users", *offset + results.size());
  return show_list(std::move(results), next, "user");
}

Outcome<json::object> get_user(Call& call, const Id& id) {
  if (!call.world.user(id)) return not_found("user", id);
  return show_user(call.world, id);
}

}  // namespace rowpage::sandbox
