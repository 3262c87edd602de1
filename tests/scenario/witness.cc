#include "scenario/witness.h"

namespace rowpage::scenario {

std::size_t Witness::number_of(const std::string& record) {
  return numbers_.emplace(record, numbers_.size()).first->second;
}

Values Witness::spread(const std::string& record, const Values& values) const {
  const auto found = numbers_.find(record);
  if (found == numbers_.end()) return {};
  Values spread(found->second * max_fields);
  spread.insert(spread.end(), values.begin(), values.end());
  return spread;
}

void Witness::wrote(Side side, const std::string& record, std::size_t field, const Value& before, const Value& value) {
  const std::size_t number = number_of(record);
  if (before == value && !is_null(value)) return;
  if (field == 0) {
    const auto* title = std::get_if<std::string>(&value);
    const auto owner = title_owner_.emplace(title ? *title : std::string(), record).first;
    confused_ = confused_ || !title || owner->second != record;
  }
  ghost_.wrote(side, record, number * max_fields + field, before, value);
}

void Witness::deleted(Side side, const std::string& record, const Values& shown, bool ambiguous) {
  number_of(record);
  ghost_.deleted(side, record, spread(record, shown), ambiguous);
}

void Witness::restored(Side side, const std::string& record, const Values& shown) {
  number_of(record);
  ghost_.restored(side, record, spread(record, shown));
}

void Witness::page_written(const Sight& before, const Sight& after, const Values& row, std::uint64_t read_at) {
  const std::string record = record_of(after.values);
  if (!before.live && after.live)
    ghost_.revived(Side::notion, record, spread(record, after.values), spread(record, row));
  const Values was = spread(record_of(before.values), before.values), is = spread(record, after.values);
  for (std::size_t i = 0; i < was.size(); ++i) {
    const bool gone = (before.live && !after.live) || i >= is.size() || was[i] != is[i];
    if (gone && !is_null(was[i])) ghost_.overwritten_unseen(i, was[i], read_at);
  }
}

void Witness::row_revived(const Values& row, const Values& page) {
  const std::string record = record_of(row);
  ghost_.revived(Side::supabase, record, spread(record, row), spread(record, page));
}

std::string Witness::record_of(const Values& values) const {
  const auto* title = values.empty() ? nullptr : std::get_if<std::string>(&values[0]);
  const auto owner = title ? title_owner_.find(*title) : title_owner_.end();
  return owner == title_owner_.end() ? std::string() : owner->second;
}

sim::Ghost::Side1 Witness::side(const std::vector<Values>& live, std::vector<std::string>& wrong,
                                const char* where) const {
  sim::Ghost::Side1 side;
  for (const auto& values : live) {
    const std::string record = record_of(values);
    if (record.empty()) {
      wrong.push_back(std::string("I5: nobody wrote the title ") + display(values[0]) + ", which lives " + where);
    } else if (!side.live.emplace(record, spread(record, values)).second) {
      side.doubles.insert(record);
    }
  }
  return side;
}

std::vector<std::string> Witness::judge(const std::vector<Values>& pages, const std::vector<Values>& rows,
                                        const std::vector<std::pair<std::string, Conflict>>& log) const {
  std::vector<std::string> wrong;
  const auto notion = side(pages, wrong, "in Notion");
  const auto supabase = side(rows, wrong, "in Supabase");
  std::vector<Conflict> spread_log;
  for (auto [record, conflict] : log) {
    const auto number = numbers_.find(record);
    if (number == numbers_.end()) continue;
    conflict.field += number->second * max_fields;
    spread_log.push_back(std::move(conflict));
  }
  for (auto& line : ghost_.judge(notion, supabase, spread_log)) wrong.push_back(std::move(line));
  return wrong;
}

Values Witness::judged(const PairSpec& spec, Values values) {
  values.resize(spec.fields.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (spec.fields[i].is_relation() || values[i] == Value(false)) values[i] = Null{};
  }
  return values;
}

}  // namespace rowpage::scenario
