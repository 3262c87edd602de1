#include "engine/verify.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/fit.h"
#include "core/text.h"
#include "engine/listing.h"
#include "engine/reading.h"
#include "engine/run.h"
#include "engine/verify_reason.h"

namespace rowpage {
namespace {

// Rides on writes that happen anyway (DESIGN 4, bookkeeping), so an older time on the page says nothing.
bool compared(const Pair& pair, const Field& field) {
  const bool rider = field.has_column() && field.column == pair.book.updated_at_column;
  return field.relation.kind != Relation::Kind::back && !rider;
}

struct Both {
  std::optional<Link> link;
  Page page;
  Row row;
};

class Verifier {
 public:
  Verifier(const Ports& ports, const Pair& pair, const VerifyOptions& options)
      : ports_(ports), pair_(pair), options_(options), unlinked_(pair), reasons_(pair) {
    report_.model = pair.model;
  }

  VerifyReport run() {
    const auto before = ports_.notion.requests_sent();
    if (auto done = all(); !done) report_.error = done.error();
    report_.requests = ports_.notion.requests_sent() - before;
    return std::move(report_);
  }

 private:
  Status all() {
    if (auto done = reasons_.load(ports_.store); !done) return done;
    if (auto done = walk_pages(); !done) return done;
    if (auto done = visit_unlisted(); !done) return done;
    if (auto done = scan_unlinked_rows(); !done) return done;
    return compare_unlinked();
  }

  // --- reading

  Status walk_pages() {
    ListQuery everything;
    everything.by = ListQuery::By::created;
    PageWalk walk(ports_.notion, ports_.clock, pair_, everything);
    while (true) {
      if (ports_.clock.interrupted()) return interrupted_while_reading();
      auto pages = walk.next();
      if (!pages) return fail(pages.error());
      if (pages->empty()) break;
      std::erase_if(*pages, [this](const Page& page) { return !lives(page) || !seen_pages_.insert(page.id); });
      report_.pages += pages->size();
      ports_.listener.progress("comparing", report_.pages, std::nullopt);
      if (auto done = visit_pages(std::move(*pages)); !done) return done;
    }
    report_.complete = walk.complete();
    return {};
  }

  bool lives(const Page& page) const { return !page.in_trash && !page.is_archived && page.parent == pair_.data_source; }

  Status visit_pages(std::vector<Page> pages) {
    std::vector<std::string> ids, keys;
    for (const auto& page : pages) ids.push_back(page.id);
    auto found = ports_.store.links_of_pages(pair_, ids);
    if (!found) return fail(found.error());
    std::unordered_map<std::string, Link> links;
    for (auto& link : *found) {
      keys.push_back(link.key);
      links.emplace(link.page_id, std::move(link));
    }
    auto rows = live_rows(keys);
    if (!rows) return fail(rows.error());
    std::vector<Both> both;
    for (auto& page : pages) {
      const auto link = links.find(page.id);
      if (link == links.end()) {
        RecordState state;
        state.page = std::move(page);
        if (auto added = unlinked_.add_unlinked_page(state); !added) return added;
        continue;
      }
      seen_keys_.insert(link->second.key);
      const auto row = rows->find(link->second.key);
      if (row == rows->end()) {
        alone(page, &link->second, "its row was deleted, or is not there any more");
      } else {
        both.push_back({std::move(link->second), std::move(page), std::move(row->second)});
      }
    }
    return compare(std::move(both));
  }

  Result<std::unordered_map<std::string, Row>> live_rows(const std::vector<std::string>& keys) {
    std::unordered_map<std::string, Row> rows;
    if (keys.empty()) return rows;
    auto found = ports_.table.read(pair_, keys);
    if (!found) return fail(found.error());
    for (auto& row : *found) {
      if (row.deleted) continue;
      std::string key = row.key;
      rows.emplace(std::move(key), std::move(row));
    }
    report_.rows += rows.size();
    return rows;
  }

  // Linked rows whose pages the listing did not show. What a missing page is like is asked of the page itself.
  Status visit_unlisted() {
    std::string after;
    while (true) {
      if (ports_.clock.interrupted()) return interrupted_while_reading();
      auto links = ports_.store.links_after(pair_, after, keys_per_read);
      if (!links) return fail(links.error());
      if (links->empty()) return {};
      after = links->back().key;
      std::erase_if(*links, [this](const Link& link) { return seen_keys_.contains(link.key); });
      std::vector<std::string> keys;
      for (const auto& link : *links) keys.push_back(link.key);
      auto rows = live_rows(keys);
      if (!rows) return fail(rows.error());
      for (auto& link : *links) {
        const auto row = rows->find(link.key);
        if (row == rows->end()) continue;  // both gone, or nobody's business
        if (auto done = ask_for_page(std::move(link), std::move(row->second)); !done) return done;
      }
    }
  }

  Status ask_for_page(Link link, Row row) {
    if (asked_ >= options_.read_by_id || link.page_id.empty()) {
      alone(row, &link, "the listing does not show its page");
      return {};
    }
    ++asked_;
    PageRequest request;
    request.page_id = link.page_id;
    auto answers = ports_.notion.perform(pair_, {&request, 1});
    RecordState state;
    if (auto placed = place_reading(pair_, state, std::move(answers.front())); !placed) return placed;
    if (state.page && lives(*state.page)) {  // not in the index yet
      ++report_.pages;
      std::vector<Both> one;
      one.push_back({std::move(link), std::move(*state.page), std::move(row)});
      return compare(std::move(one));
    }
    alone(row, &link,
          state.page            ? "its page is in the trash"
          : state.page_presumed ? "its page could not be read just now"
                                : state.page_left);
    return {};
  }

  Status scan_unlinked_rows() {
    std::string after;
    while (true) {
      if (ports_.clock.interrupted()) return interrupted_while_reading();
      auto list = ports_.table.scan(pair_, after, keys_per_read, true);
      if (!list) return fail(list.error());
      for (auto& row : list->rows) {
        after = row.key;
        if (row.deleted) continue;
        ++report_.rows;
        RecordState state;
        state.row = std::move(row);
        if (auto added = unlinked_.add_unlinked_row(state); !added) return added;
      }
      if (!list->more) return {};
    }
  }

  // Halves no sync has tied together yet: those that its match list would tie are compared, too.
  Status compare_unlinked() {
    unlinked_.match();
    return unlinked_.for_each([this](RecordState&& state) -> Status {
      const std::string& doubt = state.ambiguous;
      if (state.page && state.row && doubt.empty()) {
        std::vector<Both> one;
        one.push_back({std::nullopt, std::move(*state.page), std::move(*state.row)});
        return compare(std::move(one));
      }
      const std::string reason = doubt.empty() ? "not linked yet: the next sync makes its other half" : doubt;
      if (state.page) alone(*state.page, nullptr, reason);
      if (state.row) alone(*state.row, nullptr, reason);
      return {};
    });
  }

  // --- comparing

  Status compare(std::vector<Both> records) {
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      if (!pair_.fields[i].is_relation() || !compared(pair_, pair_.fields[i])) continue;
      if (auto named = name_links(i, records); !named) return named;
    }
    for (const auto& record : records) compare(record);
    return {};
  }

  // Puts a relation's links into one language, the names of rows, and leaves out what one side cannot show: Notion
  // hides links to pages in the trash, so a link counts while its target lives.
  Status name_links(std::size_t field, std::vector<Both>& records) {
    std::vector<std::string> pages, refs;
    const auto gather = [](const Value& value, std::vector<std::string>& names) {
      if (const auto* list = std::get_if<TextList>(&value)) names.insert(names.end(), list->begin(), list->end());
    };
    for (const auto& record : records) {
      gather(record.page.values[field], pages);
      gather(record.row.values[field], refs);
    }
    for (auto* names : {&pages, &refs}) {
      std::ranges::sort(*names);
      names->erase(std::ranges::unique(*names).begin(), names->end());
    }
    auto targets = ports_.store.targets(pair_, field, pages, refs);
    if (!targets) return fail(targets.error());
    std::unordered_map<std::string, const Target*> by_page, by_ref;
    for (const auto& target : *targets) {
      if (!target.page_id.empty()) by_page.emplace(target.page_id, &target);
      if (!target.ref.empty()) by_ref.emplace(target.ref, &target);
    }
    for (auto& record : records) {
      TextList from_page, from_row;
      gather(record.page.values[field], from_page);
      gather(record.row.values[field], from_row);
      TextList shown, held;
      for (const auto& id : from_page) {
        const auto target = by_page.find(id);
        if (target == by_page.end() || target->second->ref.empty()) {
          shown.push_back("page:" + id);
        } else if (!target->second->deleted) {
          shown.push_back(target->second->ref);
        }
      }
      for (const auto& ref : from_row) {
        const auto target = by_ref.find(ref);
        if (target == by_ref.end() || !target->second->deleted) held.push_back(ref);
      }
      record.page.values[field] = make_list(std::move(shown));
      record.row.values[field] = make_list(std::move(held));
    }
    return {};
  }

  void compare(const Both& record) {
    if (!record.page.unreadable.empty() || !record.row.unreadable.empty()) {
      const Unreadable& first =
          (record.page.unreadable.empty() ? record.row.unreadable : record.page.unreadable).front();
      Difference unreadable = about(record.page, record.link ? &*record.link : nullptr);
      unreadable.kind = Difference::Kind::unreadable;
      unreadable.key = record.row.key;
      unreadable.field = label(pair_.fields[first.field]);
      unreadable.reason = first.why;
      unreadable.waits = Difference::Waits::mending;
      ++report_.unreadable;
      tell(std::move(unreadable));
      return;
    }
    bool same = true;
    for (std::size_t i = 0; i < pair_.fields.size(); ++i) {
      const Field& field = pair_.fields[i];
      const Value &page = record.page.values[i], &row = record.row.values[i];
      if (!compared(pair_, field)) continue;
      if (field.is_relation() ? page == row : agree(field, page, row)) continue;
      same = false;
      ++report_.fields[label(field)];
      Difference difference = about(record.page, record.link ? &*record.link : nullptr);
      difference.key = record.row.key;
      difference.field = label(field);
      difference.page = page;
      difference.row = row;
      reasons_.explain(difference, i, record.link ? &*record.link : nullptr);
      tell(std::move(difference));
    }
    ++(same ? report_.equal : report_.different);
  }

  template <class Half>
  Difference about(const Half& half, const Link* link) const {
    Difference difference;
    if (link) {
      difference.key = link->key;
      difference.page_id = link->page_id;
    }
    if (pair_.title_field < half.values.size()) {
      if (const auto* title = std::get_if<std::string>(&half.values[pair_.title_field])) difference.title = *title;
    }
    return difference;
  }

  void alone(const Page& page, const Link* link, std::string reason) {
    Difference difference = about(page, link);
    difference.kind = Difference::Kind::only_notion;
    difference.page_id = page.id;
    tell_alone(std::move(difference), std::move(reason), report_.only_notion);
  }

  void alone(const Row& row, const Link* link, std::string reason) {
    Difference difference = about(row, link);
    difference.kind = Difference::Kind::only_supabase;
    difference.key = row.key;
    tell_alone(std::move(difference), std::move(reason), report_.only_supabase);
  }

  void tell_alone(Difference difference, std::string reason, std::uint64_t& count) {
    ++count;
    difference.reason = std::move(reason);
    difference.waits = Difference::Waits::sync;
    reasons_.explain_alone(difference);
    tell(std::move(difference));
  }

  void tell(Difference difference) {
    report_.for_people += difference.waits == Difference::Waits::person ? 1 : 0;
    report_.for_mending += difference.waits == Difference::Waits::mending ? 1 : 0;
    if (report_.differences.size() < options_.listed) report_.differences.push_back(std::move(difference));
  }

  const Ports& ports_;
  const Pair& pair_;
  VerifyOptions options_;
  VerifyReport report_;
  Plan unlinked_;  // here a list of halves that spills to a file, with the match list
  VerifyReasons reasons_;
  IdSet seen_pages_, seen_keys_;
  std::size_t asked_ = 0;
};

}  // namespace

Result<std::uint64_t> verify_cost(const Ports& ports, const Pair& pair) {
  auto links = ports.store.live_links(pair, all_links);
  if (!links) return fail(links.error());
  auto rows = ports.table.count(pair);
  if (!rows) return fail(rows.error());
  const auto pages = static_cast<std::uint64_t>(std::max<std::int64_t>({*links, *rows, 1}));
  return (pages + 99) / 100;
}

VerifyReport verify_pair(const Ports& ports, const Pair& pair, const VerifyOptions& options) {
  return Verifier(ports, pair, options).run();
}

}  // namespace rowpage
