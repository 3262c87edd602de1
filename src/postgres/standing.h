// What a database says of itself before a run: which project it is, and whether the entry points of the Data API are as
// setup made them.
#pragma once

#include <string>
#include <vector>

#include "postgres/database.h"

namespace rowpage {

struct Standing {
  std::string project;                       // as last noted; empty: never
  std::vector<std::string> exposure_faults;  // one text each; rowpage.secure() and rowpage.expose() mend them
};

/// Needs the schema in this program's version. Errors: as of any reading.
Result<Standing> read_standing(Database& database);

/// From now on the database counts as this project. Pairs last stored under another one count as a copy's then, until a
/// run is told that they are not (RunOptions::allow_copied_database).
Status note_project(Database& database, const std::string& project);

}  // namespace rowpage
