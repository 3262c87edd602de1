#include "cli/describe.h"

#include <iterator>

#include <fmt/format.h>

#include "base/log.h"
#include "base/term.h"
#include "cli/describe_links.h"
#include "cli/output.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::size_t shown_bytes = 60;

const Value* title_of(const Pair& pair, const Action& action) {
  const auto field = pair.title_field;
  if (field == Pair::npos) return nullptr;
  for (const auto* changes : {&action.page_set, &action.row_set}) {
    for (const auto& change : *changes) {
      if (change.field == field) return &change.value;
    }
  }
  for (const auto* shadow : {&action.page_now, &action.row_now}) {
    if (field < shadow->size() && !is_null((*shadow)[field])) return &(*shadow)[field];
  }
  return nullptr;
}

std::string set_text(const Pair& pair, const std::vector<Change>& changes, Side side) {
  std::string out;
  for (const auto& change : changes) {
    const auto& field = pair.fields.at(change.field);
    out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", side == Side::notion ? field.property : field.column,
                       printable(display(change.value, shown_bytes)));
  }
  return out;
}

json::value time_or_null(const std::optional<Millis>& ms) {
  return ms ? json::value(format_utc(*ms)) : json::value(nullptr);
}

// Every counter of a report with its name: what report_to_json() prints and the run record keeps.
struct Figure {
  std::string_view name;
  std::uint64_t PairReport::*value;
  std::string_view noun;  // for people; empty: shown in JSON only
  std::string_view verb;
  bool deed = false;  // something a plan foretells: "to be created"
};
constexpr Figure figures[] = {
    {"rows_created", &PairReport::rows_created, "row", "created", true},
    {"rows_updated", &PairReport::rows_updated, "row", "updated", true},
    {"rows_deleted", &PairReport::rows_deleted, "row", "deleted", true},
    {"rows_restored", &PairReport::rows_restored, "row", "restored", true},
    {"pages_created", &PairReport::pages_created, "page", "created", true},
    {"pages_updated", &PairReport::pages_updated, "page", "updated", true},
    {"pages_trashed", &PairReport::pages_trashed, "page", "moved to the trash", true},
    {"pages_restored", &PairReport::pages_restored, "page", "restored", true},
    {"links_added", &PairReport::links_added, "link", "made", true},
    {"links_removed", &PairReport::links_removed, "link", "removed", true},
    {"linked", &PairReport::linked, "record", "newly linked", true},
    {"agreed", &PairReport::agreed, "record", "already agreed"},
    {"conflicts", &PairReport::conflicts, "conflict", "settled (the losing values are kept)", true},
    {"undecided", &PairReport::undecided, "conflict", "waiting for a decision"},
    {"parked", &PairReport::parked, "record", "parked", true},
    {"waiting", &PairReport::waiting, "record", "waiting"},
    {"held", &PairReport::held, "record", "held"},
    {"drift", &PairReport::drift, "change", "on a read-only side"},
    {"later", &PairReport::later, "change", "left for a run in the other direction"},
    {"adopted", &PairReport::adopted, "earlier request", "found carried out"},
    {"abandoned", &PairReport::abandoned, "earlier request", "given up"},
    {"pages_listed", &PairReport::pages_listed, "", ""},
    {"rows_read", &PairReport::rows_read, "", ""},
    {"requests", &PairReport::requests, "", ""},
    {"requests_planned", &PairReport::requests_planned, "", ""},
};

}  // namespace

std::string record_name(const Pair& pair, const Action& action) {
  const Value* title = title_of(pair, action);
  const std::string id = !action.key.empty() ? action.key : action.page_id;
  if (!title || is_null(*title)) return id.empty() ? "(new)" : id;
  return printable(display(*title, shown_bytes)) + (id.empty() ? "" : fmt::format(" ({})", id));
}

std::string describe(const Pair& pair, const Action& action) {
  std::string out = fmt::format("  {}", record_name(pair, action));
  const auto line = [&](std::string_view indent, std::string_view text) {
    out += fmt::format("\n{}{}", indent, printable(text));
  };
  // What is written on a side, and why: a reason that names the old and the new value stands for the value.
  const auto side = [&](std::string_view half, std::string_view op, const std::vector<Change>& set, Side written,
                        const std::vector<std::string>& reasons) {
    line("      ", fmt::format("{} {}", half, op));
    if (reasons.size() < set.size()) line("        ", set_text(pair, set, written));
    for (const auto& reason : reasons) line("        ", reason);
  };
  if (action.row_op != RowOp::none) {
    side("row ", name_of(action.row_op), action.row_set, Side::supabase, action.row_reasons);
  }
  if (action.page_op != PageOp::none) {
    side("page", name_of(action.page_op), action.page_set, Side::notion, action.page_reasons);
  }
  if (action.park) line("      ", fmt::format("{}: {}", name_of(action.park->kind), action.park->reason));
  if (action.link_new && !action.writes()) line("      ", "linked");
  for (const auto& reason : action.reasons) {
    if (!action.park || reason != action.park->reason) line("      ", reason);
  }
  for (const auto& note : link_notes(pair, action)) line("      ", note);
  return out;
}

json::object changes_to_json(const Pair& pair, const std::vector<Change>& changes, Side side) {
  json::object out;
  for (const auto& change : changes) {
    const auto& field = pair.fields.at(change.field);
    out[side == Side::notion ? field.property : field.column] = value_to_json(change.value);
  }
  return out;
}

json::object action_to_json(const Pair& pair, const Action& action) {
  json::object out;
  if (const Value* title = title_of(pair, action)) out["record"] = value_to_json(*title);
  if (!action.key.empty()) out["key"] = action.key;
  if (!action.page_id.empty()) out["page_id"] = action.page_id;
  if (action.row_op != RowOp::none) {
    out["row"] = name_of(action.row_op);
    out["row_set"] = changes_to_json(pair, action.row_set, Side::supabase);
  }
  if (action.page_op != PageOp::none) {
    out["page"] = name_of(action.page_op);
    out["page_set"] = changes_to_json(pair, action.page_set, Side::notion);
  }
  if (auto links = links_to_json(pair, action); !links.empty()) out["links"] = std::move(links);
  if (auto waits = waits_to_json(pair, action); !waits.empty()) out["waits"] = std::move(waits);
  if (action.link_new) out["link"] = true;
  json::array conflicts;
  for (const auto& conflict : action.conflicts) {
    json::object each;
    each["field"] = pair.fields.at(conflict.field).column;
    each["page"] = value_to_json(conflict.page);
    each["row"] = value_to_json(conflict.row);
    each["page_at"] = time_or_null(conflict.page_ms);
    each["row_at"] = time_or_null(conflict.row_ms);
    each["winner"] = conflict.winner ? json::value(ascii_lower(name_of(*conflict.winner))) : json::value(nullptr);
    each["reason"] = conflict.reason;
    conflicts.push_back(std::move(each));
  }
  if (!conflicts.empty()) out["conflicts"] = std::move(conflicts);
  const auto names = [&](const std::vector<std::size_t>& fields) {
    json::array list;
    for (const auto field : fields) list.emplace_back(json::string(pair.fields.at(field).column));
    return list;
  };
  if (!action.drift.empty()) out["drift"] = names(action.drift);
  if (!action.agreed.empty()) out["agreed"] = names(action.agreed);
  if (action.later) out["later"] = true;
  if (action.park) {
    out["parked"] = json::object{
        {"kind", name_of(action.park->kind)}, {"reason", action.park->reason}, {"hint", action.park->hint}};
  }
  const auto texts = [](const std::vector<std::string>& from) {
    json::array list;
    for (const auto& text : from) list.emplace_back(json::string(text));
    return list;
  };
  out["reasons"] = texts(action.reasons);
  if (!action.row_reasons.empty()) out["row_reasons"] = texts(action.row_reasons);
  if (!action.page_reasons.empty()) out["page_reasons"] = texts(action.page_reasons);
  return out;
}

std::string summary(const PairReport& report, bool planned) {
  std::string out;
  for (const auto& figure : figures) {
    if (figure.noun.empty() || report.*figure.value == 0) continue;
    out += fmt::format("{}{} {}{}", out.empty() ? "" : ", ", counted(report.*figure.value, figure.noun),
                       planned && figure.deed ? "to be " : "", figure.verb);
  }
  return out.empty() ? "nothing to do" : out;
}

std::vector<std::string_view> figure_names() {
  std::vector<std::string_view> names;
  for (const auto& figure : figures) names.push_back(figure.name);
  return names;
}

json::object report_to_json(const PairReport& report) {
  json::object out;
  out["model"] = report.model;
  for (const auto& figure : figures) out[figure.name] = report.*figure.value;
  out["done"] = report.done();
  out["left"] = report.left();
  const auto percent = report.success_percent();
  out["success_percent"] = percent ? json::value(*percent) : json::value(nullptr);
  json::array troubles;
  for (const auto& trouble : report.troubles) troubles.emplace_back(json::string(redact(trouble)));
  out["troubles"] = std::move(troubles);
  out["full_scan"] = report.full_scan;
  out["interrupted"] = report.interrupted;
  json::array warnings;
  for (const auto& warning : report.warnings) warnings.emplace_back(json::string(redact(warning)));
  out["warnings"] = std::move(warnings);
  out["error"] = report.error ? json::value(error_to_json(*report.error)) : json::value(nullptr);
  return out;
}

}  // namespace rowpage
