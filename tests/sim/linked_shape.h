// How the two related pairs of the simulation are made: what their fields are called on each side, and what leads
// where.
#pragma once

#include "sim/linked_world.h"

namespace rowpage::sim {

inline constexpr std::size_t person_pair = 0, task_pair = 1;

inline const char* property_of(std::size_t pair, std::size_t field) {
  constexpr const char* person[] = {"Name", "Tasks", "Helps"};
  constexpr const char* task[] = {"Name", "Owner", "Helpers", "Parent", "Depends"};
  return pair == person_pair ? person[field] : task[field];
}

inline const char* join_of(std::size_t field) {
  return field == LinkedWorld::helpers ? "public.task_people" : "public.task_depends";
}

inline bool is_join(std::size_t field) {
  return field == LinkedWorld::helpers || field == LinkedWorld::depends;
}

inline std::size_t target_pair(std::size_t field) {
  return field == LinkedWorld::owner || field == LinkedWorld::helpers ? person_pair : task_pair;
}

}  // namespace rowpage::sim
