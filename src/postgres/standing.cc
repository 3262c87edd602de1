#include "postgres/standing.h"

#include "base/json.h"

namespace rowpage {

Result<Standing> read_standing(Database& database) {
  const auto answer = database.read("select m.project, rowpage.exposure_faults()::text from rowpage.meta m", {},
                                    "looking at the rowpage schema");
  if (!answer) return fail(answer.error());
  Standing standing;
  if (answer->rows() == 0) return standing;
  standing.project = std::string(answer->text(0, 0));
  const auto faults = parse_json(answer->text(0, 1));
  if (!faults || !faults->is_array()) return standing;
  for (const auto& fault : faults->get_array()) {
    if (fault.is_string()) standing.exposure_faults.emplace_back(fault.get_string());
  }
  return standing;
}

Status note_project(Database& database, const std::string& project) {
  auto noted = database.call("set_project", to_text(json::object{{"project", project}}), "noting the project");
  if (!noted) return fail(noted.error());
  return {};
}

}  // namespace rowpage
