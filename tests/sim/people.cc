#include "sim/people.h"

#include <algorithm>

namespace rowpage::sim {

void People::enter_records() {
  Dice dice(seed_, Dice::people);
  const std::uint64_t records = 1 + dice.below(3);
  for (std::uint64_t i = 0; i < records; ++i) {
    const Values values = record_values(dice);
    switch (dice.below(3)) {
      case 0:
        world_.make_page(values);
        break;
      case 1:
        world_.make_row(values);
        break;
      default:
        both_sides(dice, values);
    }
  }
}

void People::act(std::uint64_t number) {
  Dice dice(seed_, Dice::deeds + number);
  const std::uint64_t deed = dice.below(world_.has_options() ? 22 : 19);
  if (deed < 4) return edit_some_page(dice);
  if (deed < 8) return edit_some_row(dice);
  const auto page = any_page(dice);
  const std::string row = any_row(dice);
  const auto record_of_page = [&] { return record_of(page->values[SimWorld::title]); };
  switch (deed) {
    case 8:
      world_.make_page(record_values(dice));
      break;
    case 9:
      world_.make_row(record_values(dice));
      break;
    case 10:
      if (page && !unmet_twin(record_of_page())) world_.trash_page(page->id);
      break;
    case 11:
      if (!row.empty() && !unmet_twin(record_at_row(row))) world_.delete_row(row, dice.chance(0.5));
      break;
    case 12:
      if (page) world_.restore_page(page->id);
      break;
    case 13:
      if (!row.empty()) world_.restore_row(row);
      break;
    case 14:
      if (page) world_.duplicate_page(page->id, record_values(dice));
      break;
    case 15:
      edit_many(dice);
      break;
    case 16:
      if (dice.chance(0.3)) take_a_page_away(dice);
      break;
    case 19:
    case 20:
    case 21:
      if (page) world_.rename_option(page->id, world_.fresh(record_of_page(), SimWorld::note));
      break;
    default:
      edit_both_halves(dice);
  }
}

Values People::record_values(Dice& dice) {
  const std::string record = world_.new_record();
  return {world_.fresh(record, 0), dice.chance(0.3) ? Value{} : world_.fresh(record, 1),
          dice.chance(0.3) ? Value{} : world_.fresh(record, 2)};
}

// The same record on both sides before anybody synchronised: equal, or with fields that differ.
void People::both_sides(Dice& dice, const Values& values) {
  world_.make_page(values);
  Values other = values;
  const std::string record = record_of(values[SimWorld::title]);
  twins_.insert(record);
  if (dice.chance(0.5)) other[SimWorld::note] = world_.fresh(record, SimWorld::note);
  world_.postgres.insert(world_.pair, other);
  world_.ghost.wrote(Side::supabase, record, SimWorld::note, Null{}, other[SimWorld::note]);
}

// Twins meet by their title: whoever renames one before they have met has made two records, for any tool.
// And whoever deletes one of them then leaves a question that only a person can answer (it parks).
bool People::unmet_twin(const std::string& record) const {
  const bool linked = std::ranges::any_of(world_.postgres.links(), [&](const auto& link) {
    return record_of(link.second.page_shadow[SimWorld::title]) == record;
  });
  return !linked && twins_.contains(record);
}

bool People::met(const std::string& page_id) const {
  return std::ranges::any_of(world_.postgres.links(), [&](const auto& link) { return link.second.page_id == page_id; });
}

std::size_t People::any_field(Dice& dice, const std::string& record) const {
  return unmet_twin(record) ? 1 + dice.below(2) : dice.below(3);
}

void People::edit_some_page(Dice& dice) {
  const auto page = any_page(dice);
  if (!page) return;
  const std::string record = record_of(page->values[SimWorld::title]);
  const std::size_t field = any_field(dice, record);
  world_.edit_page(page->id, {{field, world_.fresh(record, field)}});
}

void People::edit_some_row(Dice& dice) {
  const std::string row = any_row(dice);
  if (row.empty()) return;
  const std::string record = record_at_row(row);
  const std::size_t field = any_field(dice, record);
  world_.edit_row(row, {{field, world_.fresh(record, field)}});
}

// Both sides of one record at nearly the same time.
void People::edit_both_halves(Dice& dice) {
  const auto page = any_page(dice);
  if (!page) return;
  const std::string record = record_of(page->values[SimWorld::title]);
  const std::size_t field = any_field(dice, record);
  world_.edit_page(page->id, {{field, world_.fresh(record, field)}});
  for (const auto& [key, stored] : world_.postgres.rows()) {
    if (record_of(stored.values[SimWorld::title]) != record) continue;
    world_.edit_row(key, {{field, world_.fresh(record, field)}});
    break;
  }
}

// Somebody fills a column down, or runs an UPDATE without much of a WHERE.
void People::edit_many(Dice& dice) {
  const std::size_t field = 1 + dice.below(2);
  if (dice.chance(0.5)) {
    for (const auto& page : world_.pages())
      world_.edit_page(page.id, {{field, world_.fresh(record_of(page.values[SimWorld::title]), field)}});
    return;
  }
  for (const auto& key : all_rows()) world_.edit_row(key, {{field, world_.fresh(record_at_row(key), field)}});
}

void People::empty_a_side(Dice& dice) {
  if (dice.chance(0.5)) {
    for (const auto& page : world_.pages()) {
      if (!unmet_twin(record_of(page.values[SimWorld::title]))) world_.trash_page(page.id);
    }
    return;
  }
  const bool hard = dice.chance(0.5);
  for (const auto& key : all_rows()) {
    if (!unmet_twin(record_at_row(key))) world_.delete_row(key, hard);
  }
}

// Out of the database, or into Notion's archive, which is not the trash. A page of ours that is taken away before we
// met it leaves nothing to know it by, least of all when somebody copied it first (docs/guarantees.md).
void People::take_a_page_away(Dice& dice) {
  const auto page = any_page(dice);
  if (!page || page->in_trash || !met(page->id)) return;
  if (dice.chance(0.5)) {
    world_.move_away(page->id);
  } else {
    world_.archive_page(page->id);
  }
}

std::optional<SimWorld::PageView> People::any_page(Dice& dice) const {
  const auto pages = world_.pages();
  if (pages.empty()) return std::nullopt;
  return pages[dice.below(pages.size())];
}

std::string People::any_row(Dice& dice) const {
  const auto& rows = world_.postgres.rows();
  if (rows.empty()) return {};
  return std::next(rows.begin(), static_cast<std::ptrdiff_t>(dice.below(rows.size())))->first;
}

std::vector<std::string> People::all_rows() const {
  std::vector<std::string> keys;
  for (const auto& [key, row] : world_.postgres.rows()) keys.push_back(key);
  return keys;
}

std::string People::record_at_row(const std::string& key) const {
  return record_of(world_.postgres.rows().at(key).values[SimWorld::title]);
}

}  // namespace rowpage::sim
