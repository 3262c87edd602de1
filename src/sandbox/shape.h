// The shape of an exchange: a number that is equal for exchanges which differ only in ids, names and texts. Whoever
// keeps or judges exchanges by the hundred thousand (a recording of the sandbox, the contract with Notion's OpenAPI
// document) does so once a shape.
//
// Part of the shape: kinds, the names of members (not of properties, which people choose), words that Notion defines
// ("type": "relation"), the format of other texts, whether lists are empty or too long, the set of shapes among their
// elements.
#pragma once

#include <cstdint>
#include <string_view>

#include "sandbox/notion_types.h"

namespace rowpage::sandbox {

std::uint64_t shape_of(const json::value& value);
/// Method, path, query and body; ids in the path do not matter.
std::uint64_t shape_of(const Request& request);
/// Of an answer to that request.
std::uint64_t shape_of(const Request& request, const Answer& answer);

/// True: strings under this key are words that Notion defines, and count as such.
bool is_word(std::string_view key);

}  // namespace rowpage::sandbox
