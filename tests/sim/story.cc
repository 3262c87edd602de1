#include "sim/story.h"

namespace rowpage::sim {
namespace {

void put(std::string& out, std::string_view name, const std::string& text) {
  out.append(name).append("=").append(text).append(" ");
}

void put(std::string& out, const Values& values) {
  for (const auto& value : values) out += display(value, 1000) + " | ";
}

}  // namespace

std::string Story::whole_state() {
  std::string out;
  for (const auto* shown : notion.world().source(*sandbox::parse_id(pair.data_source))->rows) {
    put(out, "page", shown->id.text());
    put(out, "written", std::to_string(shown->now->written));
    put(out, "trash", std::to_string(shown->now->in_trash));
    for (const auto& cell : shown->now->cells) out += to_text(cell.value) + " | ";
  }
  for (const auto& [key, row] : postgres.rows()) {
    put(out, "\nrow", key);
    put(out, "version", std::to_string(row.version) + (row.deleted ? " deleted" : ""));
    put(out, "page", row.page_id);
    put(out, row.values);
  }
  for (const auto& [key, link] : postgres.links()) {
    put(out, "\nlink", key);
    put(out, "page", link.page_id + (link.page_live ? " live" : "") + (link.row_live ? " live" : ""));
    put(out, "nonce", link.nonce);
    put(out, link.page_shadow);
    put(out, link.row_shadow);
  }
  for (const auto& conflict : postgres.conflicts()) put(out, "\nconflict", conflict.key + conflict.reason);
  for (const auto& [nonce, request] : postgres.open_requests()) put(out, "\nopen", nonce + request.key);
  for (const auto& [name, parked] : postgres.parked()) put(out, "\nwaits", name + parked.reason);
  const PairState& state = const_cast<PostgresModel&>(postgres).state();
  put(out, "\nhistory", std::to_string(postgres.history().size()));
  put(out, "captured", std::to_string(postgres.captured()));
  put(out, "watermark", std::to_string(state.watermark_ms.value_or(-1)));
  put(out, "scanned", std::to_string(state.full_scan_ms.value_or(-1)));
  put(out, "first sync", std::to_string(state.first_sync_done));
  put(out, "fingerprint", state.fingerprint + state.bot_id);
  return out;
}

}  // namespace rowpage::sim
