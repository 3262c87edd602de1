// Looking for the pages that show a nonce of ours: live ones first, then the trash, by whichever way of listing it is
// known to work (R4).
#pragma once

#include <vector>

#include "core/result.h"
#include "engine/run.h"

namespace rowpage {

struct NonceLook {
  std::vector<Page> pages;  // live and trashed; several when a person copied one
  bool complete = true;     // nothing can have been missed, as far as the services' word goes
  Millis began_ms = 0;      // database clock
};

Result<NonceLook> look_for_nonce(Run& run, const std::string& nonce);

}  // namespace rowpage
