// Text rules that both sides and the planner need: UTF-8 and UTF-16 lengths, white space, names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rowpage {

/// True when `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool valid_utf8(std::string_view text);

/// Length in UTF-16 code units, which is what Notion's limits count.
std::size_t utf16_length(std::string_view utf8);

/// Cuts `utf8` into pieces of at most `units` UTF-16 code units, never inside a character.
std::vector<std::string_view> split_utf16(std::string_view utf8, std::size_t units);

/// Without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);

/// Trimmed, inner runs of white space as one blank.
std::string collapse_space(std::string_view text);

/// Lower case of the ASCII letters; other bytes unchanged.
std::string ascii_lower(std::string_view text);

/// A Notion id in its canonical form (lower case, 8-4-4-4-12), from 32 hexadecimal digits with or without hyphens or
/// from a notion.so / notion.site / app.notion.com URL; empty when there is none.
std::string canonical_id(std::string_view text);

/// The entries of `candidates` nearest to `name` (edit distance, ignoring case), best first, at most `most`, only
/// plausible ones. For "did you mean".
std::vector<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates,
                                 std::size_t most = 3);

}  // namespace rowpage
