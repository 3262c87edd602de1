// The text form of a PostgreSQL row value, taken apart: (1,"a ""b""",,"") is 1, a "b", NULL and an empty text
// (PostgreSQL documentation, 8.16.6 Composite Type Input and Output Syntax).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rowpage {

/// The fields of a row as the server wrote it; nullopt: not such a text.
std::optional<std::vector<std::optional<std::string>>> parse_record(std::string_view text);

}  // namespace rowpage
