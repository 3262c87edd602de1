// A scenario: what people do to the two halves of some records, what luck our requests have, and what must come of it.
//
// It is text that a user can read, write and send (README.md beside this file). Here is its form in memory and the
// reader; scenario/play.h brings it to life. The reader knows nothing of the world: it links the core layer alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "core/result.h"
#include "core/schema.h"
#include "core/value.h"

namespace rowpage::scenario {

/// Something outside that is not as usual, from the start (`world`) or from a step on (`World:`).
struct Circumstance {
  enum class Kind {
    index_lag,           // ms
    search_lag,          // ms
    notion_clock,        // ms ahead of ours
    trash_queries,       // number: 0 refused, 1 ignored, 2 honoured
    trash_searches,      // likewise
    listing_limit,       // number of rows a query gives
    back_ends,           // number: 1 a page is edited by a link made at its other end
    touching_triggers,   // number: 1 a trigger of the user's touches updated_at on every write
    capture_lost,        // number: 1 our triggers are gone
    no_negative_number,  // a CHECK in the table
    state_lost,          // our schema is dropped
    database_hidden,     // number: 1; pair
    token_expired,
    other_bot,  // number: 1 the token is another integration's from now on
  } kind = Kind::index_lag;
  Millis ms = 0;
  std::int64_t number = 0;
  std::size_t pair = 0;
};

/// A request of ours that something happens to.
struct Luck {
  enum class Request { create, update, trash, restore, write, read, listing, search } request = Request::write;
  enum class Fate {
    fine,        // only the deed is of interest
    refused,     // 429, no effect
    overloaded,  // 529, no effect
    lost,        // never arrives
    unanswered,  // takes effect, no answer
    late,        // no answer, takes effect `late_ms` later
    unreadable,  // takes effect, the answer is cut
    failed,      // takes effect, the answer is 502
    committed,   // takes effect, the answer is a 503 that says so
    taken_over,  // just before it another runner takes our lease
  } fate = Fate::fine;
  Millis late_ms = 0;
  std::string record;      // only requests about it; empty: any
  std::int64_t count = 1;  // how many of them; 0: every one until "Luck: over"
};

struct Step;

/// One step of the story.
struct Step {
  enum class Kind {
    wait,    // ms
    sync,    // run
    decide,  // record, field, side: a person's answer to an open conflict
    circumstance,
    luck,  // luck; `deed`: what a person does just before that request
    luck_over,
    expect,  // number: index into Scenario::expects
    // in Notion
    make,             // record, name, set
    edit,             // record, set
    trash,            // record
    restore,          // record
    duplicate,        // other → record, set
    move_away,        // record
    archive,          // record
    unarchive,        // record
    unshare,          // record
    share,            // record
    format,           // record, field: its text becomes bold as it stands
    rename_property,  // pair, field, name
    remove_property,  // pair, field
    rename_option,    // pair, field, from name to text
    // in Supabase
    insert,      // record, name, set; text: its key
    update,      // record, set
    erase,       // record: deleted_at
    erase_hard,  // record: the row goes
    revive,      // record: deleted_at is cleared
    rename_key,  // record, text
    empty_table,
    claim,  // record's page id column is set to the page of `other`
    // on either side
    link,    // record, field, other
    unlink,  // record, field, other
  } kind = Kind::wait;
  int line = 0;
  std::string said;  // the line itself, for people
  Side side = Side::notion;
  std::size_t pair = 0;
  std::string record, other, name, text;
  std::size_t field = 0;
  std::vector<Change> set;  // links name records
  Millis ms = 0;
  std::int64_t number = 0;
  Circumstance circumstance;
  Luck luck;
  std::vector<Step> deed;  // at most one

  struct Run {
    bool now = false;  // at once; otherwise five minutes after what was before it
    bool full = false, dry = false, allow_mapping_change = false;
    Direction direction = Direction::both;
    std::optional<Millis> since_ms;  // before the run
    std::optional<std::int64_t> allow_deletes, allow_rewrites, allow_creates;
    std::string model;        // empty: all pairs
    std::optional<int> exit;  // the program's exit code; empty: anything but a failure
    std::string because;      // part of what a failure says
  } run;
};

/// A line of a grid: one record where it lives.
struct GridLine {
  enum class Mark { both, notion, supabase, trash, deleted } mark = Mark::both;
  int line = 0;
  std::size_t pair = 0;
  std::string record;                // of `start`: the name steps call it by
  Values values;                     // one per field; links name records (start) or titles (expect)
  std::vector<std::size_t> columns;  // the fields named
};

/// What must be true at a step.
struct Expect {
  int line = 0;
  std::vector<bool> grids;  // per pair: whether there is one
  std::vector<GridLine> lines;
  struct Logged {
    int line = 0;
    std::string record;
    std::size_t pair = 0, field = 0;
    Value page, row;
    std::optional<Side> winner;
  };
  std::vector<Logged> logged;
  bool log_given = false;
  struct Waits {
    int line = 0;
    Parked::Kind kind = Parked::Kind::parked;
    std::string record, part;  // of its reason
  };
  std::vector<Waits> waits;
  struct Written {
    std::int64_t pages = 0, rows = 0;
  };
  std::optional<Written> written;  // since the expectation before, or since the first step
  struct Formatted {
    int line = 0;
    std::string record;
    std::size_t field = 0;
    bool bold = true;
  };
  std::vector<Formatted> formatted;
  std::string no_judge;  // why the judge that looks at values alone has nothing to say here
  std::string because;   // of "after a crash also": why a crash may change this
};

struct Scenario {
  std::string worry;  // the opening comment
  std::vector<PairSpec> pairs;
  /// A column's DEFAULT, per pair and field; Null: none.
  std::vector<Values> defaults;
  std::vector<Circumstance> world;
  std::vector<GridLine> start;
  std::vector<Step> steps;  // the last one is an expectation
  std::vector<Expect> expects;
  std::vector<Expect> after_crash;  // what the end may be instead, after a crash
};

/// What a scenario's file may hold.
inline constexpr std::size_t max_bytes = 262'144, max_line_bytes = 8192, max_lines = 2000;
inline constexpr std::size_t max_pairs = 4, max_fields = 24, max_records = 400, max_steps = 400;
inline constexpr Millis max_wait_ms = 2 * day_ms;

/// Reads a scenario. `file` is named in messages: "x.sync:12: there is no record Alhpa", hint: "Did you mean Alpha?".
/// Takes any bytes. Cause::usage, Effect::none.
Result<Scenario> parse_scenario(std::string_view text, std::string_view file = "scenario");

}  // namespace rowpage::scenario
