// Words and sentences of the demo's world: written for it, small, and put together so that neighbours differ.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "cli/demo_data.h"

namespace rowpage {

/// A person's name. The scripts differ on purpose: both sides must keep them whole.
struct DemoName {
  std::string first, last;
  std::string ascii;  // for e-mail addresses and user names: "noa.ben-ami"
};
DemoName demo_name(std::size_t number);

/// Sentences people of the house write.
std::string demo_note(DemoDice& dice);
std::string demo_praise(DemoDice& dice, std::string_view subject);
std::string demo_complaint(DemoDice& dice, std::string_view subject);

/// Minutes of a meeting: sentences until at least `bytes` are reached, with arrows, lists and line ends.
std::string demo_minutes(DemoDice& dice, std::string_view subject, std::size_t bytes);

/// Texts written from right to left, in Arabic and Hebrew.
std::string demo_right_to_left(std::size_t number);

struct DemoTown {
  std::string_view city, state, country, street, dialing;
};
DemoTown demo_town(std::size_t number);

}  // namespace rowpage
