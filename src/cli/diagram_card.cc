#include "cli/diagram_card.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "base/term.h"
#include "cli/svg_text.h"

namespace rowpage {
namespace {

using Cardinality = DiagramRelation::Cardinality;
using Kind = CardLine::Kind;

constexpr std::size_t relations_most = 18;  // lines of relations on one card
constexpr std::size_t plain_least = 2;      // other fields beside the title, however many relations there are
constexpr std::size_t fields_few = 6;       // and more of them until there are this many lines

std::string some(std::int64_t count, std::string_view noun) {
  return counted(static_cast<std::uint64_t>(count), noun);
}

bool one_at_target(const DiagramRelation& relation) {
  return relation.cardinality != Cardinality::many_to_many;
}

std::string_view seen_from_the_other_end(Cardinality cardinality) {
  return cardinality == Cardinality::many_to_one ? "1:N" : name_of(cardinality);
}

std::string links_text(const DiagramRelation& relation) {
  if (!relation.links) return "";
  return (relation.links_estimated ? "about " : "") + some(*relation.links, "link");
}

CardLine relation_line(const Diagram& diagram, const DiagramField& field) {
  const auto& relation = diagram.relations[*field.relation];
  CardLine line;
  line.kind = field.stored == Relation::Kind::back ? Kind::back : Kind::relation;
  line.left = field.property;
  line.relation = field.relation;
  line.explanation = describe(diagram, relation);
  if (line.kind == Kind::back) {
    line.right = seen_from_the_other_end(relation.cardinality);
    return line;
  }
  line.required = relation.required;
  if (relation.links)
    line.right = fmt::format("{}{} · ", relation.links_estimated ? "≈ " : "", grouped_number(*relation.links));
  line.right += name_of(relation.cardinality);
  return line;
}

CardLine plain_line(const DiagramField& field) {
  CardLine line;
  line.kind = field.type == FieldType::title ? Kind::title : Kind::plain;
  line.left = field.property;
  line.right = name_of(field.type);
  if (field.direction != Direction::both)
    line.right += field.direction == Direction::to_notion ? " → Notion" : " → Supabase";
  line.explanation = fmt::format(
      "{}: {}, column {}{}", field.property, name_of(field.type), field.column,
      field.direction == Direction::both ? std::string() : fmt::format(", {} only", name_of(field.direction)));
  return line;
}

// Which of the fields a card has room for.
std::vector<std::size_t> shown_fields(const DiagramDatabase& database) {
  const auto& fields = database.fields;
  std::vector<bool> shown(fields.size(), false);
  std::size_t count = 0, relations = 0, plain = 0;
  const auto show = [&](std::size_t i) {
    shown[i] = true;
    ++count;
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].type == FieldType::title || (fields[i].relation && relations++ < relations_most)) show(i);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (shown[i] || fields[i].stored != Relation::Kind::none) continue;
    if (plain++ < plain_least || count < fields_few) show(i);
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (shown[i]) out.push_back(i);
  }
  // The title first, then as configured, the relations last: their edges stand together.
  const auto rank = [&](std::size_t i) { return fields[i].type == FieldType::title ? 0 : fields[i].relation ? 2 : 1; };
  std::ranges::stable_sort(out, {}, rank);
  return out;
}

void add_counts(Card& card, const DiagramDatabase& database) {
  if (database.rows) {
    CardLine line;
    line.kind = Kind::counts;
    line.left = fmt::format("{}{} {}", database.rows_estimated ? "≈ " : "", grouped_number(*database.rows),
                            *database.rows == 1 ? "row" : "rows");
    if (database.linked) line.right = grouped_number(*database.linked) + " linked";
    card.lines.push_back(std::move(line));
  }
  std::string waits;
  const auto add = [&](const Count& count, std::string_view noun, std::string_view nouns) {
    if (count.value_or(0) > 0)
      waits += fmt::format("{}{} {}", waits.empty() ? "" : " · ", grouped_number(*count), *count == 1 ? noun : nouns);
  };
  add(database.conflicts, "conflict", "conflicts");
  add(database.parked, "parked", "parked");
  add(database.pending_links, "link waits", "links wait");
  add(database.waiting, "waiting", "waiting");
  add(database.pending, "pending", "pending");
  if (waits.empty()) return;
  CardLine line;
  line.kind = Kind::waiting;
  line.left = line.explanation = std::move(waits);
  card.lines.push_back(std::move(line));
}

// The line an edge meets; without one of its own, the line that stands for the rest.
double line_of(const Card& card, std::size_t relation, Kind kind) {
  const auto own = std::ranges::find_if(
      card.lines, [&](const auto& line) { return line.kind == kind && line.relation == relation; });
  const auto rest = std::ranges::find(card.lines, Kind::more, &CardLine::kind);
  const auto at = own != card.lines.end() ? own : rest;
  if (at == card.lines.end()) return Card::head / 2;
  return Card::line_middle(static_cast<std::size_t>(at - card.lines.begin()));
}

}  // namespace

Card card_of(const Diagram& diagram, std::size_t index) {
  const auto& database = diagram.databases[index];
  Card card;
  const auto shown = shown_fields(database);
  for (const auto i : shown) {
    const auto& field = database.fields[i];
    card.lines.push_back(field.relation ? relation_line(diagram, field) : plain_line(field));
  }
  if (const auto rest = database.fields.size() - shown.size(); rest > 0) {
    CardLine more;
    more.kind = Kind::more;
    more.left = fmt::format("+ {} more", rest);
    for (std::size_t i = 0; i < database.fields.size(); ++i) {
      if (std::ranges::find(shown, i) != shown.end()) continue;
      more.explanation += (more.explanation.empty() ? "" : ", ") + database.fields[i].property;
    }
    card.lines.push_back(std::move(more));
  }
  add_counts(card, database);
  return card;
}

LayoutGraph graph_of(const Diagram& diagram, const std::vector<Card>& cards) {
  LayoutGraph graph;
  graph.box_width = Card::width;
  for (const auto& card : cards) graph.boxes.push_back({card.height()});
  for (std::size_t i = 0; i < diagram.relations.size(); ++i) {
    const auto& relation = diagram.relations[i];
    LayoutEdge edge;
    edge.from = {relation.from, line_of(cards[relation.from], i, Kind::relation)};
    if (!relation.two_way.empty()) {
      edge.to = {relation.to, line_of(cards[relation.to], i, Kind::back)};
    } else {
      const bool one = one_at_target(relation);
      edge.to = {relation.to, one ? Card::head / 3 - 1 : Card::head * 2 / 3 + 1};
      edge.tree = relation.to * 2 + (one ? 0 : 1);
    }
    graph.edges.push_back(edge);
  }
  return graph;
}

std::string describe(const Diagram& diagram, const DiagramRelation& relation) {
  std::string text = fmt::format("{}: {}", diagram.databases[relation.from].title, relation.property);
  if (!relation.two_way.empty()) text += " ⇄ " + relation.two_way;
  text += fmt::format(", {} to {}{}; ", name_of(relation.cardinality),
                      relation.self() ? "itself" : diagram.databases[relation.to].title,
                      relation.required ? ", required" : "");
  text += relation.stored == Relation::Kind::join
              ? fmt::format("join table {} ({}, {})", relation.table, relation.own, relation.other)
              : fmt::format("column {}.{}", relation.table, relation.column);
  if (relation.links) text += "; " + links_text(relation);
  if (relation.pending_links.value_or(0) > 0) text += "; " + some(*relation.pending_links, "link") + " waiting";
  return text;
}

}  // namespace rowpage
