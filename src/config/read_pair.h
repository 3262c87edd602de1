// How one entry of `pairs:` is read: read_pair.cc its own keys, read_field.cc a field, read_relation.cc what only
// relations have, read_setup.cc what `setup` adds. What concerns several pairs is looked at when all are read
// (check_pairs.cc).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/reading.h"
#include "config/workspace.h"

namespace rowpage {

/// Where a pair and each of its fields stand, for messages.
struct PairNodes {
  const Node* pair = nullptr;
  std::vector<const Node*> fields;  // one for each field of the spec
};

/// A pair while it is read.
struct PairDraft {
  PairSpec spec;
  WantedTable wanted;
  PairNodes nodes;

  /// Adds the column; to one that is there already it gives the default it lacks.
  void want(WantedColumn column);
  const WantedColumn* wanted_column(std::string_view name) const;
  Names column_names() const;
};

PairDraft read_pair(Reading& reading, const Node& node, const PairSpec& defaults);

/// `bookkeeping` of `sync:`, which pairs inherit, or of a pair.
void read_bookkeeping(Reading& reading, Section& parent, Bookkeeping& to);

void read_fields(Reading& reading, Section& pair, PairDraft& draft);

/// Keys that only a field of type relation has.
Names relation_keys();
void read_relation(Reading& reading, Section& section, Field& field, PairDraft& draft);

void read_setup(Reading& reading, Section& pair, PairDraft& draft);

/// What only shows when all pairs are read: names claimed twice, relations that lead nowhere, foreign keys no first row
/// could satisfy. Completes both ends of relations and the types of foreign keys.
void check_pairs(Reading& reading, WorkspaceConfig& config, const std::vector<PairNodes>& nodes);

std::optional<Direction> read_direction(Section& section);

/// PostgreSQL cuts a longer name without an error, so that two names could mean one column: refused.
void check_length(Section& section, std::string_view key, const std::string& name);

}  // namespace rowpage
