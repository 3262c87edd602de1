// One seed: what is set up, what people do, what breaks and when, and what must be true when all is well again.
//
// Two pairs with a foreign key and a join table between them, setup itself now and then killed; six to nine rounds of
// edits on both sides and a sync under which something breaks; then everything heals, and within six syncs it must be
// quiet, with both sides equal record by record, no copy, nothing invented, and no value of a person's lost unless
// replaced by a person, deleted, or in the conflict log. Exit codes are those documented for what happened, and no file
// the program leaves behind holds a secret.
//
// The judge reads Notion's API, the users' tables and `rowpage conflicts list`. Of the schema `rowpage` the story reads
// whether a trashing is under way when a person deletes (nobody could tell the two apart afterwards), and the history
// of a record it complains of; it writes there only to let ten minutes pass (Stage::pass_time).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "postgres/private_cluster.h"

namespace rowpage::fire {

struct StoryResult {
  std::vector<std::string> wrong;              // empty: every promise was kept
  std::map<std::string, std::uint64_t> tally;  // what was done, by name
};

/// The cluster for run_story: commits survive a crash of the server.
Result<PrivateCluster> start_cluster();

/// With `verbose` tells on standard error what happens. The seed decides everything but the moments at which processes
/// meet, which belong to the machine: a failure may take several tries to come again.
StoryResult run_story(PrivateCluster& cluster, std::uint64_t seed, bool verbose = false);

}  // namespace rowpage::fire
