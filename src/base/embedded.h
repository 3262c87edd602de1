// Files that the build puts into the program itself (cmake/embed.cmake): SQL migrations, presets, pages.
#pragma once

#include <string_view>

namespace rowpage {

struct EmbeddedFile {
  std::string_view name;  // base name, e.g. "0001_rowpage.sql"
  std::string_view text;
};

}  // namespace rowpage
