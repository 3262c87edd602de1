#include "cli/demo_data.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/time.h"

namespace rowpage {
namespace {

constexpr Millis year_begins = 1767225600000;  // 2026-01-01T00:00Z

// Numbers of records by which the parts are scaled.
constexpr double whole = static_cast<double>(demo_records);

}  // namespace

std::string_view DemoRecord::title() const {
  return values.empty() || !values.begin()->value().is_string()
             ? std::string_view()
             : std::string_view(values.begin()->value().get_string());
}

std::vector<std::size_t> DemoData::of(std::string_view model, Side side) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].model == model && records[i].born == side) out.push_back(i);
  }
  return out;
}

std::size_t DemoData::count(std::string_view model, Side side) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      records, [&](const DemoRecord& record) { return record.model == model && record.born == side; }));
}

std::size_t DemoData::links_of(std::string_view model) const {
  std::size_t links = 0;
  for (const auto& record : records) {
    if (record.model != model) continue;
    for (const auto& each : record.links) links += each.to.size();
  }
  return links;
}

// splitmix64 (Steele, Lea, Flood 2014): tiny, and the same everywhere, which std::uniform_int_distribution is not.
std::uint64_t DemoDice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::size_t DemoDice::below(std::size_t n) {
  return n == 0 ? 0 : static_cast<std::size_t>(next() % n);
}

int DemoDice::between(int low, int high) {
  return low + static_cast<int>(below(static_cast<std::size_t>(high - low) + 1));
}

std::string DemoDice::uuid() {
  const std::uint64_t a = next(), b = next();
  return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff, b >> 52,
                     b & 0xffffffffffff);
}

std::size_t DemoMaker::size(std::size_t in_whole, std::size_t least) const {
  return std::max(least, static_cast<std::size_t>(std::lround(static_cast<double>(in_whole) * scale_)));
}

DemoRecord& DemoMaker::add(std::string_view model, Side side) {
  DemoRecord record;
  record.model = model;
  record.born = side;
  if (side == Side::supabase) record.key = dice.uuid();
  numbers_[{record.model, side}].push_back(data_.records.size());
  data_.records.push_back(std::move(record));
  return data_.records.back();
}

void DemoMaker::link(DemoRecord& record, std::string_view property, std::vector<std::size_t> to) {
  if (!to.empty()) record.links.push_back({std::string(property), std::move(to)});
}

std::vector<std::size_t> DemoMaker::some(std::string_view model, Side side, std::size_t count) {
  const auto known = numbers_.find({std::string(model), side});
  std::vector<std::size_t> all = known == numbers_.end() ? std::vector<std::size_t>() : known->second;
  std::vector<std::size_t> out;
  while (out.size() < count && !all.empty()) {
    const std::size_t at = dice.below(all.size());
    out.push_back(all[at]);
    all[at] = all.back();
    all.pop_back();
  }
  std::ranges::sort(out);
  return out;
}

std::string DemoMaker::day(int offset) {
  return format_utc(year_begins + offset * day_ms).substr(0, 10);
}

std::string DemoMaker::moment(int offset) {
  const int hour = dice.between(7, 20), minute = dice.between(0, 11) * 5;
  return fmt::format("{}T{:02}:{:02}:00Z", day(offset), hour, minute);
}

void demo_on_both_sides(DemoMaker& maker, DemoCount count, void (*add)(DemoMaker&, std::size_t, Side)) {
  constexpr std::size_t least_rows = 2;
  const std::size_t pages = maker.size(count.pages, count.least), rows = maker.size(count.rows, least_rows);
  for (std::size_t i = 0; i < pages; ++i) add(maker, i, Side::notion);
  for (std::size_t i = 0; i < rows; ++i) add(maker, pages + i, Side::supabase);
}

DemoData make_demo_data(std::size_t records) {
  DemoData data;
  DemoMaker maker(data, static_cast<double>(records) / whole);
  for (const auto part : {make_demo_houses, make_demo_contacts, make_demo_offers, make_demo_plumbing,
                          make_demo_activity, make_demo_community, connect_demo_houses}) {
    part(maker);
  }
  return data;
}

}  // namespace rowpage
