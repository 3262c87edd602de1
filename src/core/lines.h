// People and files are texts of one name, or one address, a line. Where the column is an array or JSON, a line is an
// element of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/schema.h"

namespace rowpage {

/// Begins the line of a file that Notion itself keeps: its address expires within the hour, so its name stands here.
inline constexpr std::string_view kept_file_mark = "notion-file:";

/// True for the types whose value is lines.
bool in_lines(FieldType type);

/// The lines without blanks around them and without empty ones.
std::vector<std::string> lines_of(std::string_view text);
std::string join_lines(std::span<const std::string> lines);

}  // namespace rowpage
