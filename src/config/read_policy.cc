// The settings that decide what a run may do: conflicts, deletes, brakes, the first sync, bounds. A pair takes them
// from `sync:` and may set each itself.
#include <charconv>

#include <fmt/format.h>

#include "config/reading.h"
#include "core/text.h"

namespace rowpage {
namespace {

constexpr std::int64_t most_records = 1'000'000'000;

std::optional<std::int64_t> number(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most_records) {
    return std::nullopt;
  }
  return value;
}

// "max(10%, 5)", "10%", "5"
std::optional<Limit> parse_limit(std::string_view text) {
  text = trim(text);
  Limit limit;
  const auto part = [&limit](std::string_view piece) {
    piece = trim(piece);
    if (piece.ends_with('%')) {
      const auto percent = number(piece.substr(0, piece.size() - 1));
      if (!percent || *percent > 100) return false;
      limit.percent = static_cast<int>(*percent);
      return true;
    }
    const auto count = number(piece);
    if (!count) return false;
    limit.at_least = *count;
    return true;
  };
  if (text.starts_with("max(") && text.ends_with(")")) {
    const auto inner = text.substr(4, text.size() - 5);
    const auto comma = inner.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const auto first = trim(inner.substr(0, comma)), second = trim(inner.substr(comma + 1));
    if (first.ends_with('%') == second.ends_with('%') || !part(first) || !part(second)) return std::nullopt;
    return limit;
  }
  if (!part(text)) return std::nullopt;
  return limit;
}

void read_limit(Section& brakes, std::string_view key, Limit& limit) {
  const auto text = brakes.text(key);
  if (!text) return;
  if (const auto parsed = parse_limit(*text)) {
    limit = *parsed;
  } else {
    brakes.wrong(key, fmt::format("`{}` is not a limit", *text), "write it like \"max(10%, 5)\", 10% or 5");
  }
}

}  // namespace

Names policy_keys() {
  return {"conflict", "deletes", "brakes", "first", "drift", "bounds"};
}

void read_policy(Reading& reading, Section& section, PairSpec& spec) {
  Section conflict(reading, section.child("conflict"), "`conflict`",
                   {"prefer", "on_equal", "on_missing", "granularity"});
  spec.conflict.prefer = conflict
                             .word<Prefer>("prefer",
                                           {{"newest", Prefer::newest},
                                            {"notion", Prefer::notion},
                                            {"supabase", Prefer::supabase},
                                            {"ask", Prefer::ask}},
                                           "a way to settle conflicts")
                             .value_or(spec.conflict.prefer);
  const auto side = [&](std::string_view key, Side otherwise) {
    return conflict.word<Side>(key, {{"notion", Side::notion}, {"supabase", Side::supabase}}, "a side")
        .value_or(otherwise);
  };
  spec.conflict.on_equal = side("on_equal", spec.conflict.on_equal);
  spec.conflict.on_missing = side("on_missing", spec.conflict.on_missing);
  spec.conflict.granularity =
      conflict
          .word<Granularity>("granularity", {{"field", Granularity::field}, {"record", Granularity::record}},
                             "a granularity")
          .value_or(spec.conflict.granularity);

  spec.deletes =
      section
          .word<Deletes>("deletes", {{"soft", Deletes::soft}, {"hard", Deletes::hard}, {"ignore", Deletes::ignore}},
                         "a way to treat deletions")
          .value_or(spec.deletes);
  spec.first = section
                   .word<First>("first",
                                {{"ask", First::ask},
                                 {"newest", First::newest},
                                 {"notion", First::notion},
                                 {"supabase", First::supabase}},
                                "a way to treat the first sync")
                   .value_or(spec.first);
  spec.drift =
      section.word<Drift>("drift", {{"report", Drift::report}, {"revert", Drift::revert}}, "a way to treat drift")
          .value_or(spec.drift);

  Section brakes(reading, section.child("brakes"), "`brakes`", {"deletes", "rewrites", "unmatched"});
  read_limit(brakes, "deletes", spec.brakes.deletes);
  read_limit(brakes, "rewrites", spec.brakes.rewrites);
  spec.brakes.unmatched = brakes.integer("unmatched", 0, most_records).value_or(spec.brakes.unmatched);

  Section bounds(reading, section.child("bounds"), "`bounds`", {"landing", "index"});
  spec.bounds.landing_ms = bounds.duration("landing", second_ms, hour_ms).value_or(spec.bounds.landing_ms);
  spec.bounds.index_ms = bounds.duration("index", second_ms, hour_ms).value_or(spec.bounds.index_ms);
}

}  // namespace rowpage
