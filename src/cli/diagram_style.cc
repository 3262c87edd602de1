#include "cli/diagram_style.h"

#include <fmt/format.h>

namespace rowpage {
namespace {

struct Tint {
  const char* fill;
  const char* edge;
};

// The last one is for databases without a group.
constexpr Tint light_groups[group_colours] = {{"#dbe7fd", "#3b6fd4"}, {"#d5f2e3", "#1f9d63"}, {"#ebe3fd", "#8257d8"},
                                              {"#fdeccd", "#cf8410"}, {"#fde0e6", "#d64566"}, {"#d3f1f6", "#148fa6"},
                                              {"#e9edf2", "#7d8b9c"}};
constexpr Tint dark_groups[group_colours] = {{"#1c3358", "#5b8def"}, {"#14402c", "#3fbf83"}, {"#35275c", "#a583f0"},
                                             {"#4a3511", "#e0a23c"}, {"#4d1f2d", "#ef7390"}, {"#0f3f49", "#44bdd3"},
                                             {"#28303b", "#8997a8"}};
constexpr const char* light_lines[line_colours] = {"#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed",
                                                   "#0891b2", "#db2777", "#65a30d", "#92400e", "#64748b"};
constexpr const char* dark_lines[line_colours] = {"#79a8ff", "#f0a94a", "#3fcf9b", "#ff8080", "#b492ff",
                                                  "#4cc9e0", "#ff8ac2", "#a3d955", "#d8a27a", "#9fb0c3"};

struct Theme {
  const char *page, *card, *ink, *faint, *rule, *alarm;
  const Tint* groups;
  const char* const* lines;
};
constexpr Theme light{"#ffffff", "#ffffff", "#1b2430", "#647081", "#e3e8ee", "#b45309", light_groups, light_lines};
constexpr Theme dark{"#11161d", "#181f29", "#e8edf3", "#98a4b3", "#2a3340", "#f5b04d", dark_groups, dark_lines};

std::string colours(const Theme& theme) {
  std::string out;
  const auto rule = [&](std::string_view selector, std::string_view property, std::string_view value) {
    out += fmt::format(".rowpage {}{{{}:{}}}\n", selector, property, value);
  };
  rule(".page", "fill", theme.page);
  rule(".page", "stroke", theme.rule);
  rule(".card", "fill", theme.card);
  rule("text", "fill", theme.ink);
  rule(".faint", "fill", theme.faint);
  rule(".alarm", "fill", theme.alarm);
  rule(".rule", "stroke", theme.rule);
  rule(".halo,.rowpage .core", "stroke", theme.page);
  rule(".sample", "stroke", theme.faint);
  for (std::size_t i = 0; i < group_colours; ++i) {
    rule(fmt::format(".g{}", i), "fill", theme.groups[i].fill);
    rule(fmt::format(".o{}", i), "stroke", theme.groups[i].edge);
  }
  for (std::size_t i = 0; i < line_colours; ++i) rule(fmt::format(".l{} .ink", i), "stroke", theme.lines[i]);
  return out;
}

constexpr const char* shapes =
    ".rowpage text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:11px}\n"
    ".rowpage .name{font-size:13px;font-weight:600}\n"
    ".rowpage .heading{font-size:19px;font-weight:600}\n"
    ".rowpage .below{font-size:12px}\n"
    ".rowpage .small{font-size:10px}\n"
    ".rowpage .key{font-weight:600}\n"
    ".rowpage .icon{font-family:'Apple Color Emoji','Segoe UI Emoji','Noto Color Emoji',sans-serif;font-size:15px}\n"
    ".rowpage .page{stroke-width:1}\n"
    ".rowpage .frame{fill:none;stroke-width:1.3}\n"
    ".rowpage .rule{stroke-width:1}\n"
    ".rowpage .halo,.rowpage .ink,.rowpage .core,.rowpage .sample,.rowpage .touch{fill:none;stroke-linecap:round;"
    "stroke-linejoin:round}\n"
    ".rowpage .halo{stroke-width:5.5}\n"
    ".rowpage .ink,.rowpage .sample{stroke-width:1.5}\n"
    ".rowpage .double{stroke-width:4.2}\n"
    ".rowpage .core{stroke-width:1.6}\n"
    ".rowpage .touch{stroke:transparent;stroke-width:11;pointer-events:stroke}\n"
    ".rowpage .edge:hover .ink{stroke-width:3}\n"
    ".rowpage .edge:hover .double{stroke-width:6}\n";

}  // namespace

std::string diagram_style() {
  return shapes + colours(light) + "@media (prefers-color-scheme:dark){\n" + colours(dark) + "}\n";
}

}  // namespace rowpage
