// From YAML text and an environment to a WorkspaceConfig, or to every mistake in it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/workspace.h"
#include "core/result.h"

namespace rowpage {

/// `file` is the name used in messages. Errors: usage (workspace), each mistake with place, source line, caret and
/// hint.
Result<WorkspaceConfig> read_config(std::string_view text, const std::string& file, const Environment& environment);

/// Which config to read: what the command line said, else ROWPAGE_PRESET, else the file rowpage.yaml of this folder.
struct ConfigChoice {
  std::string file;    // --config
  std::string preset;  // --preset
};
Result<WorkspaceConfig> load_config(const ConfigChoice& choice, const Environment& environment);

/// Names of the presets this version has.
std::vector<std::string> preset_names();

/// The preset's YAML text, as `init` writes it. usage: unknown preset (with the nearest), or one of a later version.
Result<std::string_view> preset_text(std::string_view name);

}  // namespace rowpage
