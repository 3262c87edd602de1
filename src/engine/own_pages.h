// Looking for the page that one of our creates made: by its nonce or, where the pair keeps none, by its natural key;
// among live pages first, then in the trash, by whichever way of listing it is known to work (R4).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

struct OwnPages {
  std::vector<Page> pages;  // live and trashed; several when a person copied one, or when a natural key is not unique
  bool complete = true;     // nothing can have been missed, as far as the services' word goes
  bool live_shown = true;   // of the live ones: without them the page found may be a person's copy of ours
  Millis began_ms = 0;      // database clock
};

/// Pages that show the nonce (live, in the trash or archived), or (nonce: off) unlinked pages that show the key value
/// in `intended`.
Result<OwnPages> look_for_own_pages(Run& run, const std::string& nonce, const std::vector<Change>& intended);

/// The field of the first key:COLUMN in the pair's match list; nullopt: it has no natural key.
std::optional<std::size_t> natural_key(const Pair& pair);

/// The fields of all key:COLUMN in the pair's match list, in its order.
std::vector<std::size_t> key_fields(const Pair& pair);

/// Live unlinked pages that show this value of a key, before a page is created.
Result<OwnPages> pages_with_key(Run& run, const Change& key);

}  // namespace rowpage
