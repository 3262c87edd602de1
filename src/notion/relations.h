// Adding relations, once the databases they lead to exist.
//
// A two-way relation is one thing with two properties. Its owner makes both, in one request; the other end is never
// made by itself. Notion may give that end a name of its own ("Related to Tasks (Project)"), which is then changed to
// the wanted one. A relation a person made is taken as it is.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "notion/source_edit.h"

namespace rowpage {

struct WantedRelation {
  std::string name;
  std::vector<std::string> also;               // other names under which it may be there already
  std::string target;                          // data source id
  std::string two_way = {};                    // name of the property at the other end; empty: a one-way relation
  std::vector<std::string> two_way_also = {};  // other names that end may have
};

/// The relations a pair owns, as far as their targets are known (Neighbours::sources, by model). Those whose other end
/// is the owner are left out.
std::vector<WantedRelation> wanted_relations(const PairSpec& spec, const Neighbours& neighbours);

/// Adds missing relations and names their other ends; may be run again, also after it was cut off in the middle.
/// Changes no relation that a person made: what does not fit is left alone, with a note that names both. schema_drift
/// (pair): Notion accepted a change and did not make it. not_found (pair): a target is not shared with the integration.
Result<SchemaChange> add_relations(Caller& caller, const std::string& data_source,
                                   std::span<const WantedRelation> relations);

}  // namespace rowpage
