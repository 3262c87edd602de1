// Everything the engine may ask of the outside world: Notion, Table, Store, Clock. The engine is a synchronous function
// of these four; the program gives it the real ones, the simulator models of them.
//
// Rules for all implementations. Calls block. Nothing throws. An Error's effect is honest: `none` only when the far
// side cannot have acted and will not act later. Lists come in pages, never whole. Ids are canonical (core/text.h).
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "core/schema.h"
#include "core/time.h"

namespace rowpage {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock, UTC. For people and logs only; may step.
  virtual Millis now() = 0;
  /// Never steps back; starts anywhere.
  virtual Millis monotonic() = 0;
  /// Returns early, false, when the user interrupts.
  virtual bool sleep(Millis ms) = 0;
  /// The user asked us to stop: finish the batch under way, commit, leave.
  virtual bool interrupted() = 0;
};

// --- Notion
// -----------------------------------------------------------------------------------------------------------

struct Bot {
  std::string id, name, workspace_id, workspace_name;
};

/// Which pages of a data source to list. At most one of the filters.
struct ListQuery {
  enum class By { created, edited } by = By::edited;  // ascending; for full scans only `created` is stable
  std::optional<Millis> since;                        // inclusive, on the same time; whole minutes
  std::string nonce;                                  // pages whose nonce property equals this
  std::optional<Change> equals;                       // pages in which this field has this value (natural key)
  bool trashed = false;                               // the in_trash query; only where proved to work
  bool archived = false;                              // archived pages instead of the others (not those in the trash)
  bool descending = false;
  std::string cursor;  // from the last answer; never kept across runs
};

struct PageList {
  std::vector<Page> pages;
  std::string next_cursor;  // empty: the end
  bool complete = true;     // false: request_status said incomplete
  bool has_status = false;  // the answer carried request_status
  Millis server_ms = 0;     // the answer's HTTP Date
};

/// One request about one page. Mapped values travel in `set` (values already fitted, core/fit.h); bookkeeping rides
/// along.
struct PageRequest {
  enum class Kind { read, create, update, trash, restore } kind = Kind::read;
  std::string page_id;                                 // all but create
  std::vector<Change> set;                             // create, update
  std::optional<std::string> nonce, row_id, checksum;  // bookkeeping to write, where the pair keeps the property
  std::optional<bool> synced;
  std::optional<Millis> last_synced_ms;  // rounded up to the minute by the engine
  bool bare =
      false;  // read: only id, place and trash are wanted; may be a page of any data source, nothing is completed
  Millis send_by = 0;  // Clock::monotonic(); 0: no bound. Past it: Effect::none, Cause::too_late
};

class Notion {
 public:
  virtual ~Notion() = default;

  /// Whose token this is. Errors: unauthorised (workspace).
  virtual Result<Bot> me() = 0;

  /// The data source's schema. not_found: absent or not shared with the integration (pair).
  virtual Result<SourceSchema> schema(const std::string& data_source) = 0;

  /// One page (≤ 100) of a listing. A page object cut short by Notion (25 links, 25 mentions) is completed by further
  /// reads before it is returned. Reads are repeated within the implementation; an Error is final for this run and has
  /// Effect::none.
  virtual Result<PageList> list(const Pair& pair, const ListQuery& query) = 0;

  /// Recently trashed pages of the given pairs' data sources, by one search over the workspace, newest first.
  /// Eventually consistent. Pages of other data sources are left out. `cursor` as in ListQuery.
  virtual Result<PageList> search_trash(std::span<const Pair* const> pairs, const std::string& cursor) = 0;

  /// Whether search honours `in_trash` at all: a service that ignores it shows the live data sources when asked for
  /// trashed ones.
  virtual Result<bool> trash_search_works() = 0;

  /// Carries out requests about different pages, several in flight, and answers in the same order. A mutating request
  /// is sent at most once per call unless the earlier try had Effect::none. The answer is the page as Notion returned
  /// it after the write. Errors per request: not_found and invalid have Effect::none; time-out, reset, 5xx and
  /// unparsable answers to a mutating request have Effect::unknown, except a 503 that names what it committed: that is
  /// a success, read back.
  virtual std::vector<Result<Page>> perform(const Pair& pair, std::span<const PageRequest> requests) = 0;

  /// Blocks until `count` requests may be sent without waiting for the budget (R10: read and write stay close
  /// together). False when interrupted.
  virtual bool ready(std::size_t count) = 0;

  /// Requests sent so far by this object, of any kind.
  virtual std::uint64_t requests_sent() const = 0;
};

// --- PostgreSQL: the user's table
// ----------------------------------------------------------------------------------------

struct ChangeList {
  std::vector<Captured> changes;  // ascending id
  bool more = false;
};

struct RowList {
  std::vector<Row> rows;  // ascending key
  bool more = false;
};

/// Reading only. Writing to the user's table goes through Store::commit, so that rows, links and history change
/// together.
class Table {
 public:
  virtual ~Table() = default;

  /// Captured changes with id > after, at most `limit`. Empty where nothing is installed yet.
  virtual Result<ChangeList> changes(const Pair& pair, std::int64_t after, std::size_t limit) = 0;

  /// The rows with these keys, from one consistent read. A key without a row in the answer has none (R9: positive
  /// evidence).
  virtual Result<std::vector<Row>> read(const Pair& pair, std::span<const std::string> keys) = 0;

  /// Rows in key order, after `after_key` (empty: from the start); with `unlinked`, only those no link of the pair
  /// names.
  virtual Result<RowList> scan(const Pair& pair, const std::string& after_key, std::size_t limit, bool unlinked) = 0;

  /// Rows in the table (exact or, for large tables, the estimate), for brakes and progress.
  virtual Result<std::int64_t> count(const Pair& pair) = 0;
};

// --- PostgreSQL: our state
// -----------------------------------------------------------------------------------------------

/// Exclusive right to run a workspace. The fence is checked inside every commit.
struct Lease {
  std::int64_t fence = 0;
  Millis now_ms = 0;      // database clock at the time of the answer
  Millis expires_ms = 0;  // database clock
};

/// What is remembered of a pair between runs.
struct PairState {
  bool known = false;                  // false: never synced, or the schema is not installed
  std::optional<Millis> watermark_ms;  // Notion side: HTTP Date of the last settled listing's start, floored
  std::optional<Millis> full_scan_ms;  // database clock, last complete full scan
  bool elsewhere = false;  // stored by another database, of which this one is a copy; then it is not known here
  bool first_sync_done = false;
  bool capture_ready = false;  // triggers in place and unaltered; otherwise every run scans the table
  bool stranded_pages =
      false;  // pages without a row were left unlinked (one-way pair, parked): new rows need a full scan to match
  bool scan_needed = false;  // TRUNCATE, overflow, restored copy: scan before trusting captured changes
  std::string fingerprint;   // of the mapping last run
  std::string bot_id;        // last run's
  std::map<std::string, std::string> properties;  // of the last run: stored name of a field → id of its property
  std::string schema_json;                        // cached SourceSchema, opaque to the store
  Millis schema_ms = 0;                           // database clock
  std::optional<bool> trash_query, trash_search;  // proved to work / proved not to / not yet proved
  bool has_links = false;                         // any in which both halves live
};

/// Links of a join table to make and to remove, named by the linked rows. Making one that is there, or removing one
/// that is not, is no error: a link is in the table or it is not.
struct EdgeWrite {
  std::size_t field = 0;
  TextList add, drop;
};

/// A write to one row. With an empty `set`, an update writes bookkeeping and links only. CAS: `version` must still be
/// the row's (R12). An insert whose key is taken is moved as well.
struct RowWrite {
  enum class Kind { insert, update, soft_delete, restore, hard_delete } kind = Kind::update;
  std::string key;                               // empty for an insert whose key the database makes
  std::string version;                           // not for insert
  std::vector<Change> set;                       // of fields with a column
  std::vector<EdgeWrite> edges;                  // of join tables; foreign keys are in `set`
  std::optional<std::string> page_id, checksum;  // bookkeeping columns, where the pair has them
  std::optional<bool> synced;
  std::optional<Millis> created_ms;  // insert: when its page was made
};

struct HistoryEntry {
  Side side = Side::notion;
  std::string action;                 // insert, update, soft_delete, restore, hard_delete, create, trash, link, ...
  std::vector<Change> before, after;  // of the fields written; a row write's `after` is filled from the stored row
  std::string reason;
};

/// All that is to be stored about one record, together or not at all.
struct Item {
  std::string key, page_id;  // whom it concerns, as far as known
  std::optional<RowWrite> row;
  std::optional<Link> link;  // insert or replace; a page has one link. With `row`, its row_shadow is the stored row,
                             // except for unset columns the database changed itself (defaults, BEFORE triggers), whose
                             // change stays captured, and for fields in `keep_shadow`; an empty key is the new row's
  std::vector<std::size_t> keep_shadow;
  bool unlink = false;              // by key and by page id
  std::vector<Conflict> conflicts;  // an open one (no winner) replaces the field's open one of this key or page
  std::vector<std::size_t> close_conflicts;  // fields whose open conflict is over (agreed or decided)
  std::vector<HistoryEntry> history;
  std::vector<Pending> note;        // R1
  std::vector<std::string> settle;  // nonces of pendings, or of creates given up, whose outcome is known now
  std::vector<Abandoned> abandon;   // R5; drops the pending of the same nonce
  std::optional<Parked> park;
  bool unpark = false;                         // whatever waited under this key or page id
  std::optional<std::vector<Errand>> errands;  // instead of this record's errands of the kinds await_*
  std::vector<Errand>
      other_errands;  // added: for other records, also of other pairs (one whose pair is unknown is dropped)
  std::vector<Errand> errands_done;  // of this record
  std::vector<std::int64_t> ack;     // captured changes dealt with
};

/// One transaction. Its items concern different records, so their order does not matter.
struct Batch {
  std::int64_t fence = 0;
  std::int64_t run = 0;
  std::vector<Item> items;
  std::optional<PairState> state;   // watermark and the like
  std::vector<std::size_t> forget;  // fields whose shadows are to be as of a property just made: blank on both sides,
                                    // and unsettled, for the halves never agreed in it (but a checkbox shows false)
};

struct ItemResult {
  enum class Outcome {
    done,
    moved
  } outcome = Outcome::done;  // moved: compare-and-set lost, nothing of the item was stored
  std::optional<Row> row;     // as stored, after a row write
};

struct Committed {
  std::vector<ItemResult> items;  // one per item, in order
  Millis now_ms = 0;              // database clock
};

/// Who holds a nonce that a page shows; of several, a link before a pending request before a create given up.
struct NonceOwner {
  enum class State { unknown, pending, abandoned, linked } state = State::unknown;
  std::string nonce;
  std::string key;
  std::string page_id;           // linked: the page the link names
  std::vector<Change> intended;  // abandoned: what that create meant to write
};

struct RunSummary {
  std::int64_t id = 0;
  std::string command;    // "sync"
  std::string direction;  // "both", ...
  std::string outcome;    // "done", "failed", "interrupted", "brake", ...
  std::string detail;     // one JSON object with the run's figures
};

/// For Store::live_links(): however many there are.
inline constexpr std::int64_t all_links = std::numeric_limits<std::int64_t>::max();

class Store {
 public:
  virtual ~Store() = default;

  /// Whether the rowpage schema is there. incompatible: it is newer than this program.
  virtual Result<bool> installed() = 0;

  /// The database's clock.
  virtual Result<Millis> now() = 0;

  /// Takes the workspace's lease, waiting at most `wait_ms`. lease_lost: somebody else holds it (who, until when).
  virtual Result<Lease> acquire(const std::string& workspace, Millis ttl_ms, Millis wait_ms) = 0;
  virtual Result<Lease> renew(const std::string& workspace, const Lease& lease, Millis ttl_ms) = 0;
  virtual Status release(const std::string& workspace, const Lease& lease) = 0;

  virtual Result<PairState> load(const Pair& pair) = 0;
  /// Links in which both halves live, counted up to `enough`: counting a million takes a while.
  virtual Result<std::int64_t> live_links(const Pair& pair, std::int64_t enough) = 0;

  /// Links by page id, by row key, or in key order after `after_key` (all links, deleted ones too).
  virtual Result<std::vector<Link>> links_of_pages(const Pair& pair, std::span<const std::string> page_ids) = 0;
  virtual Result<std::vector<Link>> links_of_rows(const Pair& pair, std::span<const std::string> keys) = 0;
  virtual Result<std::vector<Link>> links_after(const Pair& pair, const std::string& after_key, std::size_t limit) = 0;

  /// Links of live records whose page does not show the present bookkeeping (Link::page_noted is false), at most
  /// `limit`.
  virtual Result<std::vector<Link>> links_unnoted(const Pair& pair, std::size_t limit) = 0;

  virtual Result<std::vector<Pending>> pending(const Pair& pair) = 0;
  virtual Result<std::vector<NonceOwner>> owners(const Pair& pair, std::span<const std::string> nonces) = 0;

  /// Records that wait, each with when it is to be tried again (database clock).
  virtual Result<std::vector<Parked>> waiting(const Pair& pair) = 0;

  /// What a relation's links lead to: the records of the linked pair with these pages, or with these values in the
  /// column links are named by. Those of which neither a page nor a row is known are left out.
  virtual Result<std::vector<Target>> targets(const Pair& pair, std::size_t field,
                                              std::span<const std::string> page_ids,
                                              std::span<const std::string> refs) = 0;

  /// Of the links seen from a back end, those of which the owner's stored shadow says otherwise; but not those the
  /// owner has an errand for already (await_row). An owner without a link of its own is news only where the link is
  /// shown.
  struct SeenEdge {
    std::string page_id, owner;  // the page at the back end, the page that owns the link
    bool shown = true;           // false: it was there before
  };
  virtual Result<std::vector<SeenEdge>> news(const Pair& pair, std::size_t field, std::span<const SeenEdge> edges) = 0;

  /// What links left to do in this pair and can be done now, the oldest first, a bounded number: await_* once the
  /// record waited for lives on both sides.
  struct DueErrands {
    std::vector<Errand> open;
    std::vector<Errand> settled;  // look: the shadows of both ends say the same by now, so there is nothing to see
    bool more = false;            // there are others behind these
  };
  virtual Result<DueErrands> errands(const Pair& pair) = 0;

  /// One transaction, fenced. Errors: lease_lost (workspace, none); constraint (record, none: the whole batch was
  /// rolled back; the caller bisects); unavailable with Effect::unknown only when the outcome could not be learned
  /// afterwards.
  virtual Result<Committed> commit(const Pair& pair, const Batch& batch) = 0;

  virtual Result<std::int64_t> start_run(const std::string& workspace, const Lease& lease, const RunSummary& run) = 0;
  virtual Status finish_run(const std::string& workspace, const Lease& lease, const RunSummary& run) = 0;

  /// Asks for up to `want` of the bot's requests in the rolling minute, across all processes.
  /// Answer: how many are granted (may be 0) and, if 0, how long to wait.
  struct Permits {
    std::size_t granted = 0;
    Millis wait_ms = 0;
  };
  virtual Result<Permits> take_permits(const std::string& bot, std::size_t limit, std::size_t want) = 0;
};

/// What the engine tells while it works: progress for people, reasons for the log. Must not fail.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void progress(std::string_view phase, std::uint64_t done, std::optional<std::uint64_t> total) = 0;
  virtual void note(std::string_view model, std::string_view event, std::string_view text) = 0;
};

}  // namespace rowpage
