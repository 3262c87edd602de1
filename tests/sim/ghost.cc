#include "sim/ghost.h"

#include "core/value.h"

namespace rowpage::sim {

std::string value_name(std::size_t field, const Value& value) {
  return std::to_string(field) + ":" + display(value, 200);
}

std::string record_of(const Value& title) {
  const auto* text = std::get_if<std::string>(&title);
  return text ? text->substr(0, text->find('.')) : std::string();
}

void Ghost::wrote(Side side, const std::string& record, std::size_t field, const Value& before, const Value& value) {
  tick();
  lives_[record];
  if (!is_null(before)) {
    if (const auto old = written_.find(value_name(field, before)); old != written_.end()) old->second.superseded = true;
  }
  if (is_null(value)) return;
  Written& entry = written_[value_name(field, value)];
  entry.record = record;
  entry.side = side;
  entry.moment = moment_;
}

void Ghost::deleted(Side side, const std::string& record, const Values& shown, bool ambiguous) {
  tick();
  if (!ambiguous || lives_[record].deleted == 0) lives_[record].deleted = moment_;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (const auto entry = written_.find(value_name(i, shown[i])); entry != written_.end())
      entry->second.died[static_cast<int>(side)] = true;
  }
}

void Ghost::restored(Side side, const std::string& record, const Values& shown) {
  lives_[record].restored = tick();
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (const auto entry = written_.find(value_name(i, shown[i])); entry != written_.end())
      entry->second.died[static_cast<int>(side)] = false;
  }
}

void Ghost::revived(Side side, const std::string& record, const Values& shown, const Values& other) {
  bool justified = lives_[record].restored > lives_[record].deleted;
  for (std::size_t i = 0; i < other.size(); ++i) {
    const auto entry = written_.find(value_name(i, other[i]));
    justified = justified || (entry != written_.end() && !entry->second.died[0] && !entry->second.died[1]);
  }
  if (!justified) return;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (const auto entry = written_.find(value_name(i, shown[i])); entry != written_.end())
      entry->second.died[static_cast<int>(side)] = false;
  }
}

void Ghost::overwritten_unseen(std::size_t field, const Value& before, std::uint64_t our_reading) {
  const auto entry = written_.find(value_name(field, before));
  if (entry == written_.end() || entry->second.side != Side::notion || entry->second.moment <= our_reading) return;
  if (!entry->second.window_lost) ++window_losses_;
  entry->second.window_lost = true;
}

bool Ghost::anybody_deleted(const std::string& record) const {
  const auto life = lives_.find(record);
  return life != lives_.end() && life->second.deleted > 0;
}

std::vector<std::string> Ghost::judge(const Side1& notion, const Side1& supabase, const std::vector<Conflict>& log,
                                      const std::set<std::string>& left) const {
  std::vector<std::string> wrong;
  const auto say = [&](std::string text) { wrong.push_back(std::move(text)); };
  for (const auto& record : notion.doubles) say("I3: more than one live page for record " + record);
  for (const auto& record : supabase.doubles) say("I3: more than one live row for record " + record);

  // I1: both sides hold the same.
  for (const auto& [record, values] : notion.live) {
    if (left.contains(record)) continue;
    const auto other = supabase.live.find(record);
    if (other == supabase.live.end()) {
      say("I1: record " + record + " lives in Notion only");
    } else {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (values[i] != other->second[i]) {
          say("I1: record " + record + " field " + std::to_string(i) + " differs: Notion " + display(values[i]) +
              ", Supabase " + display(other->second[i]));
        }
      }
    }
  }
  for (const auto& [record, values] : supabase.live) {
    if (!notion.live.contains(record) && !left.contains(record))
      say("I1: record " + record + " lives in Supabase only");
  }

  std::set<std::string> logged;
  for (const auto& conflict : log) {
    logged.insert(value_name(conflict.field, conflict.page));
    logged.insert(value_name(conflict.field, conflict.row));
  }
  std::set<std::string> final;
  for (const auto* side : {&notion, &supabase}) {
    for (const auto& [record, values] : side->live) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (is_null(values[i])) continue;
        const std::string name = value_name(i, values[i]);
        final.insert(name);
        const auto entry = written_.find(name);
        if (entry == written_.end()) {
          say("I5: nobody wrote " + name + " of record " + record);
        } else if (entry->second.record != record) {
          say("I5: " + name + " was written for record " + entry->second.record + ", not " + record);
        }
      }
    }
  }

  // I2, I11: what nobody replaced and no deletion saw is there, or in the log, or was lost in the window.
  for (const auto& [name, entry] : written_) {
    if (entry.superseded || entry.died[0] || entry.died[1] || entry.window_lost || logged.contains(name) ||
        final.contains(name) || left.contains(entry.record))
      continue;
    say("I2: " + name + " of record " + entry.record + " is lost (written " + std::string(name_of(entry.side)) +
        " at " + std::to_string(entry.moment) + ")");
  }

  for (const auto& [record, life] : lives_) {
    if (left.contains(record)) continue;
    const bool live = notion.live.contains(record) || supabase.live.contains(record);
    if (!live && life.deleted == 0) say("I8: record " + record + " is gone, and nobody deleted it");
    if (!live || life.deleted == 0 || life.restored > life.deleted) continue;
    bool unseen = false;
    for (const auto* side : {&notion, &supabase}) {
      const auto values = side->live.find(record);
      if (values == side->live.end()) continue;
      for (std::size_t i = 0; i < values->second.size(); ++i) {
        const auto entry = written_.find(value_name(i, values->second[i]));
        unseen = unseen || (entry != written_.end() && !entry->second.died[0] && !entry->second.died[1]);
      }
    }
    if (!unseen) say("I4: record " + record + " was deleted and lives again although nobody edited it unaware");
  }
  return wrong;
}

}  // namespace rowpage::sim
