// Relations, people and files: properties that hold several things, of which Notion's page shows the first only.
//
// A relation is the list of the linked pages' ids. People and files are texts with one line each: a person's name, a
// file's address. What a person uploaded to Notion has an address that expires within the hour, so such a file is named
// instead (`notion-file:NAME`); the name can be kept, but not written back.
#pragma once

#include <string_view>

#include "base/json.h"
#include "core/value.h"
#include "notion/codec.h"

namespace rowpage {

inline constexpr std::size_t links_per_write = 100;
inline constexpr std::size_t files_per_write = 100;
inline constexpr std::size_t people_inline = 25;  // a page shows no more of them, and does not say so
inline constexpr std::string_view notion_file = "notion-file:";

Decoded decode_relation(const json::value& targets);
Decoded decode_people(const json::value& people);
Decoded decode_files(const json::value& files);

/// [{"id"}]. invalid (record): more than Notion takes in one write, or something that is no page id.
Result<json::value> encode_relation(const TextList& ids);

/// External files, one a line. invalid (record): a file that lives in Notion, too many files, too long an address.
Result<json::value> encode_files(std::string_view text);

}  // namespace rowpage
