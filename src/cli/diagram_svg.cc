#include "cli/diagram_svg.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/term.h"
#include "cli/diagram_card.h"
#include "cli/diagram_layout.h"
#include "cli/diagram_style.h"
#include "cli/svg_text.h"

namespace rowpage {
namespace {

using Cardinality = DiagramRelation::Cardinality;

constexpr double margin = 30, heading = 62, narrowest = 560, pad = 10;
constexpr double legend_gap = 26, legend_line = 22;

std::string move_to(Point p) {
  return "M" + coordinate(p.x) + " " + coordinate(p.y);
}

std::string path_of(const Way& way, Point shift) {
  const auto at = [&](std::size_t i) {
    return coordinate(way.points[i].x + shift.x) + " " + coordinate(way.points[i].y + shift.y);
  };
  std::string d = "M" + at(0);
  for (std::size_t i = 1; i + 2 < way.points.size(); i += 3) d += "C" + at(i) + " " + at(i + 1) + " " + at(i + 2);
  return d;
}

// A crow's foot for many, a bar for one, at a box's side.
std::string mark(Point at, bool right, bool many) {
  const double s = right ? 1 : -1;
  if (many) {
    return move_to({at.x, at.y - 5}) + "L" + coordinate(at.x + s * 11) + " " + coordinate(at.y) + "L" +
           coordinate(at.x) + " " + coordinate(at.y + 5);
  }
  return move_to({at.x + s * 7, at.y - 5}) + "v10";
}

class Drawing {
 public:
  explicit Drawing(const Diagram& diagram) : diagram_(diagram), groups_(diagram.groups()) {
    for (std::size_t i = 0; i < diagram.databases.size(); ++i) cards_.push_back(card_of(diagram, i));
    graph_ = graph_of(diagram, cards_);
    layout_ = lay_out(graph_);
    const double inner = std::max(layout_.width, narrowest);
    width_ = inner + 2 * margin;
    origin_ = {margin + (inner - layout_.width) / 2, margin + heading};
    colour_targets();
  }

  std::string svg() {
    body_ += "<g>\n";
    draw_edges();
    body_ += "</g>\n<g>\n";
    for (std::size_t i = 0; i < cards_.size(); ++i) draw_card(i);
    body_ += "</g>\n";
    draw_legend();
    return head() + body_ + "</svg>\n";
  }

 private:
  // The databases most is linked to get colours of their own.
  void colour_targets() {
    std::map<std::size_t, std::size_t> count;
    for (const auto& relation : diagram_.relations) ++count[relation.to];
    std::vector<std::pair<std::size_t, std::size_t>> ranked(count.begin(), count.end());
    std::ranges::stable_sort(ranked, std::greater<>{}, &std::pair<std::size_t, std::size_t>::second);
    for (std::size_t i = 0; i < ranked.size(); ++i) colour_[ranked[i].first] = std::min(i, line_colours - 1);
  }

  std::size_t group_of(const DiagramDatabase& database) const {
    const auto at = std::ranges::find(groups_, database.group);
    if (at == groups_.end()) return group_colours - 1;
    return static_cast<std::size_t>(at - groups_.begin()) % (group_colours - 1);
  }

  std::string summary() const {
    std::string text = counted(diagram_.databases.size(), "database");
    text += " · " + counted(diagram_.relations.size(), "relation");
    if (const auto both = diagram_.two_way_relations(); both > 0) text += fmt::format(", {} of them two-way", both);
    if (diagram_.left_out > 0) text += " · " + counted(diagram_.left_out, "relation") + " to databases not drawn";
    return text;
  }

  // "preset higherself", "rowpage.yaml · staging": a file without its folder.
  std::string name() const {
    std::string text = diagram_.source.substr(diagram_.source.rfind('/') + 1);
    if (diagram_.workspace != "default") text += " · " + diagram_.workspace;
    return text;
  }

  // For those who cannot see the picture: everything it says of databases and relations.
  std::string description() const {
    std::string text = summary() + ".";
    for (const auto& database : diagram_.databases) {
      text += fmt::format("\n{} ({}), table {}.{}", database.title, database.model, database.schema, database.table);
      if (database.rows) text += ": " + counted(static_cast<std::uint64_t>(*database.rows), "row");
    }
    for (const auto& relation : diagram_.relations) text += "\n" + describe(diagram_, relation);
    return text;
  }

  std::string head() const {
    const std::string w = coordinate(width_), h = coordinate(height_);
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rowpage\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
        "height=\"{1}\" role=\"img\" aria-labelledby=\"rowpage-title rowpage-description\">\n",
        w, h);
    const std::string title = "Databases and relations of the workspace " + diagram_.workspace;
    out += "<title id=\"rowpage-title\">" + xml_text(title) + "</title>\n";
    out += "<desc id=\"rowpage-description\">" + xml_text(description()) + "</desc>\n";
    out += "<style>\n" + diagram_style() + pointing() + "</style>\n";
    out += fmt::format("<rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"12\"/>\n",
                       coordinate(width_ - 1), coordinate(height_ - 1));
    const double room = width_ - 2 * margin;
    out += text(margin, margin + 14, "heading", fit_text(name(), room, 19, true));
    out += text(margin, margin + 34, "below faint", fit_text(summary(), room, 12));
    return out;
  }

  // Pointing at a box leaves its relations and their other ends, and fades the rest.
  std::string pointing() const {
    std::string out;
    for (std::size_t i = 0; i < diagram_.databases.size(); ++i) {
      out += fmt::format(
          ".rowpage:has(#rowpage-{0}:hover) .edge:not(.at-{0}),.rowpage:has(#rowpage-{0}:hover) "
          ".box:not(.by-{0}){{opacity:.15}}\n",
          i);
    }
    return out;
  }

  static std::string text(double x, double y, std::string_view style, std::string_view content,
                          std::string_view more = "") {
    return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\"{}>{}</text>\n", coordinate(x), coordinate(y), style, more,
                       xml_text(content));
  }

  // Branches of one tree together, on a common halo: where trees cross, the upper one is seen to pass over.
  void draw_edges() {
    std::map<std::size_t, std::vector<std::size_t>> trees;
    std::vector<std::size_t> alone;
    for (std::size_t i = 0; i < graph_.edges.size(); ++i) {
      if (graph_.edges[i].tree == LayoutEdge::alone) {
        alone.push_back(i);
      } else {
        trees[graph_.edges[i].tree].push_back(i);
      }
    }
    for (const auto& [tree, edges] : trees) draw_tree(edges);
    for (const auto edge : alone) draw_tree({edge});
  }

  void draw_tree(const std::vector<std::size_t>& edges) {
    for (const auto edge : edges) {
      const auto& relation = diagram_.relations[edge];
      body_ += fmt::format("<g class=\"edge at-{} at-{}\"><path class=\"halo\" d=\"{}\"/></g>\n", relation.from,
                           relation.to, path_of(layout_.ways[edge], origin_));
    }
    for (const auto edge : edges) draw_edge(edge);
  }

  void draw_edge(std::size_t index) {
    const auto& relation = diagram_.relations[index];
    const Way& way = layout_.ways[index];
    const std::string d = path_of(way, origin_);
    body_ += fmt::format("<g class=\"edge l{} at-{} at-{}\"><title>{}</title>", colour_.at(relation.to), relation.from,
                         relation.to, xml_text(describe(diagram_, relation)));
    if (relation.two_way.empty()) {
      body_ += fmt::format("<path class=\"ink\" d=\"{}\"/>", d);
    } else {
      body_ += fmt::format("<path class=\"ink double\" d=\"{0}\"/><path class=\"core\" d=\"{0}\"/>", d);
    }
    const auto shifted = [&](Point p) { return Point{p.x + origin_.x, p.y + origin_.y}; };
    const bool one_from = relation.cardinality == Cardinality::one_to_one;
    const bool many_to = relation.cardinality == Cardinality::many_to_many;
    body_ +=
        fmt::format("<path class=\"ink\" d=\"{}{}\"/>", mark(shifted(way.points.front()), way.from_right, !one_from),
                    mark(shifted(way.points.back()), way.to_right, many_to));
    body_ += fmt::format("<path class=\"touch\" d=\"{}\"/></g>\n", d);
  }

  std::set<std::size_t> neighbours(std::size_t index) const {
    std::set<std::size_t> all = {index};
    for (const auto& relation : diagram_.relations) {
      if (relation.from == index) all.insert(relation.to);
      if (relation.to == index) all.insert(relation.from);
    }
    return all;
  }

  void draw_card(std::size_t index) {
    const auto& database = diagram_.databases[index];
    const Card& card = cards_[index];
    const double x = layout_.boxes[index].x + origin_.x, y = layout_.boxes[index].y + origin_.y;
    const auto group = group_of(database);
    std::string near;
    for (const auto other : neighbours(index)) near += fmt::format(" by-{}", other);
    body_ += fmt::format("<g class=\"box{}\" id=\"rowpage-{}\">\n", near, index);
    body_ += rectangle("card", x, y, card.height());
    body_ += fmt::format("<path class=\"g{}\" d=\"M{} {}v{}a7 7 0 0 1 7 -7h{}a7 7 0 0 1 7 7v{}z\"/>\n", group,
                         coordinate(x), coordinate(y + Card::head), coordinate(7 - Card::head),
                         coordinate(Card::width - 14), coordinate(Card::head - 7));
    body_ += rectangle(fmt::format("frame o{}", group), x, y, card.height());
    draw_head(database, x, y);
    for (std::size_t i = 0; i < card.lines.size(); ++i) draw_line(card.lines[i], x, y + Card::line_middle(i) + 4);
    body_ += "</g>\n";
  }

  static std::string rectangle(std::string_view style, double x, double y, double height) {
    return fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"7\"/>\n", style,
                       coordinate(x), coordinate(y), coordinate(Card::width), coordinate(height));
  }

  void draw_head(const DiagramDatabase& database, double x, double y) {
    std::string tip = database.title;
    if (!database.comment.empty()) tip += ": " + database.comment;
    body_ += "<g><title>" + xml_text(tip) + "</title>\n";
    double from = x + pad;
    if (const double icon = text_width(database.icon, 15); !database.icon.empty() && icon <= 40) {
      body_ += text(from, y + 20, "icon", database.icon);
      from += std::max(icon, 15.0) + 6;
    }
    body_ += text(from, y + 19, "name", fit_text(database.title, x + Card::width - pad - from, 13, true));
    std::string below = database.model + " · " + database.table;
    if (database.direction != Direction::both)
      below += database.direction == Direction::to_notion ? " · to Notion only" : " · to Supabase only";
    body_ += text(x + pad, y + 36, "small faint", fit_text(below, Card::width - 2 * pad, 10));
    body_ += "</g>\n";
  }

  void draw_line(const CardLine& line, double x, double y) {
    using Kind = CardLine::Kind;
    const bool faint = line.kind == Kind::more || line.kind == Kind::counts;
    const bool key = line.kind == Kind::title || line.kind == Kind::counts;
    const double right = line.right.empty() ? 0 : text_width(line.right, 10) + 8;
    if (line.kind == Kind::counts) {
      body_ += fmt::format("<path class=\"rule\" d=\"M{} {}h{}\"/>\n", coordinate(x + pad), coordinate(y - 13.5),
                           coordinate(Card::width - 2 * pad));
    }
    body_ += "<g>";
    if (!line.explanation.empty()) body_ += "<title>" + xml_text(line.explanation) + "</title>";
    std::string style = line.kind == Kind::waiting ? "alarm key" : faint && !key ? "faint" : key ? "key" : "";
    if (style.empty()) style = "plain";
    std::string left = fit_text(line.left, Card::width - 2 * pad - right - (line.required ? 9 : 0), 11, key);
    if (line.required) left += " *";
    body_ += text(x + pad, y, style, left);
    if (!line.right.empty()) body_ += text(x + Card::width - pad, y, "small faint", line.right, " text-anchor=\"end\"");
    body_ += "</g>\n";
  }

  // One entry of the legend; `draw` gets the place of its sign, 34 wide.
  template <class Draw>
  void legend_entry(std::string_view label, Draw draw) {
    const double wide = 34 + 7 + text_width(label, 11) + 20;
    if (legend_x_ > margin && legend_x_ + wide > width_ - margin + 20) {
      legend_x_ = margin;
      legend_y_ += legend_line;
    }
    draw(legend_x_, legend_y_);
    body_ += text(legend_x_ + 41, legend_y_ + 4, "faint", label);
    legend_x_ += wide;
  }

  void draw_legend() {
    legend_x_ = margin;
    legend_y_ = origin_.y + layout_.height + legend_gap + 8;
    for (const auto& group : groups_) {
      const auto colour =
          static_cast<std::size_t>(std::ranges::find(groups_, group) - groups_.begin()) % (group_colours - 1);
      legend_entry(fit_text(group, 200, 11), [&](double x, double y) {
        body_ += fmt::format(
            "<rect class=\"g{0}\" x=\"{1}\" y=\"{2}\" width=\"28\" height=\"14\" rx=\"4\"/><rect "
            "class=\"frame o{0}\" x=\"{1}\" y=\"{2}\" width=\"28\" height=\"14\" rx=\"4\"/>\n",
            colour, coordinate(x + 3), coordinate(y - 7));
      });
    }
    if (!diagram_.relations.empty()) legend_of_relations();
    height_ = legend_y_ + 12 + margin;
    if (groups_.empty() && diagram_.relations.empty()) height_ = origin_.y + layout_.height + margin;
  }

  void legend_of_relations() {
    const auto line = [](double x, double y) { return move_to({x, y}) + "h34"; };
    const auto sample = [&](std::string_view style, const std::string& d) {
      body_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, d);
    };
    legend_entry("one-way relation", [&](double x, double y) { sample("sample", line(x, y)); });
    legend_entry("two-way: a property at both ends", [&](double x, double y) {
      sample("sample double", line(x, y));
      sample("core", line(x, y));
    });
    legend_entry("one", [&](double x, double y) { sample("sample", line(x, y) + mark({x + 34, y}, false, false)); });
    legend_entry("many", [&](double x, double y) { sample("sample", line(x, y) + mark({x + 34, y}, false, true)); });
    legend_entry("required", [&](double x, double y) { body_ += text(x + 24, y + 5, "faint", "*"); });
    legend_entry("lines of one colour lead to one database", [&](double x, double y) {
      sample("sample", move_to({x, y - 6}) + "C" + coordinate(x + 17) + " " + coordinate(y - 6) + " " +
                           coordinate(x + 17) + " " + coordinate(y) + " " + coordinate(x + 34) + " " + coordinate(y) +
                           move_to({x, y + 6}) + "C" + coordinate(x + 17) + " " + coordinate(y + 6) + " " +
                           coordinate(x + 17) + " " + coordinate(y) + " " + coordinate(x + 34) + " " + coordinate(y));
    });
  }

  const Diagram& diagram_;
  std::vector<std::string> groups_;
  std::vector<Card> cards_;
  LayoutGraph graph_;
  Layout layout_;
  Point origin_;
  double width_ = 0, height_ = 0, legend_x_ = 0, legend_y_ = 0;
  std::map<std::size_t, std::size_t> colour_;  // database → colour of the lines that lead to it
  std::string body_;
};

}  // namespace

std::string diagram_to_svg(const Diagram& diagram) {
  return Drawing(diagram).svg();
}

}  // namespace rowpage
