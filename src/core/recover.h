// What became of a Notion request whose answer never came.
//
// Problem: Notion has no idempotency key and no conditional write. A request that timed out may have been lost, may
// have been carried out, or may be carried out a minute from now. Sending it again may make a second page; forgetting
// it may take our own late write for a person's edit. Rule (R3-R7 of ARCHITECTURE.md): the request was written down
// first. Look at the page (or, for a create, for the nonce). What it shows is proof; "not there" is proof only when a
// complete look, in live pages and in the trash, began later than send_by + landing bound + index bound. Until then the
// record waits, and only this record.
#pragma once

#include <optional>

#include "core/record.h"
#include "core/schema.h"

namespace rowpage {

enum class Fate {
  wait,        // nothing can be said yet
  landed,      // the request was carried out
  not_landed,  // it was not, and no longer can be
};

/// For update, trash and restore: judged from the page as read by id (strong). `now_ms`: database clock when the read
/// began. `targets`: what the links of pending.intended and pending.found lead to, those the page lacks seen just now.
Fate judge_write(const Pair& pair, const Pending& pending, const Page& seen, const Link& link, Millis now_ms,
                 const std::vector<Target>& targets = {});

/// For create: nothing found by a look that began at `began_ms` and was `complete` (live pages and trash).
Fate judge_absence(const Pair& pair, const Pending& pending, bool complete, Millis began_ms);

/// When a record that waits is worth another look.
Millis next_look(const Pair& pair, const Pending& pending);

/// Of several pages that show the nonce of one create (a person copied it before we met it), the one we made: the
/// oldest, and among those of one minute the one that still shows most of what we sent. `pages` is not empty.
const Page& original_of(const std::vector<Page>& pages, const std::vector<Change>& intended);

/// The link a found page gets: its shadow is what we sent (never what it shows now, or a person's edit since would be
/// lost), its row shadow the row's values where they still are what we sent. `targets`: what the links we sent lead to.
Link adopt(const Pair& pair, const std::vector<Change>& intended, const std::string& nonce, const Page& found,
           const Row* row, const std::string& key, const std::vector<Target>& targets = {});

/// True when a field of an update still shows what it showed just before we sent, but for links that the page may hide:
/// there our request did not land, as far as can be seen.
bool unmoved(const Pair& pair, const Pending& pending, const Link& link, const Page& seen, std::size_t field,
             const std::vector<Target>& targets = {});

/// The shadows after an update that landed or can no longer land: what we sent is never a person's edit, so fields that
/// show neither what they showed before nor what we sent count as changed in Notion since.
/// Of a list of links each is judged by itself (core/edges.h). Gives errands for links of which not even that can be
/// seen, for their target is in the trash: they are taken off the page by one more write (Errand::Kind::drop), and
/// count as never written.
std::vector<Errand> overlay(const Pair& pair, const Pending& pending, const Page& seen, const Row* row, Link& link,
                            const std::vector<Target>& targets = {});

}  // namespace rowpage
