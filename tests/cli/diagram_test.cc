// rowpage diagram: the layout as a pure function, the picture as XML, the data against the preset and against a real
// PostgreSQL.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "cli/diagram_card.h"
#include "cli/diagram_layout.h"
#include "cli/diagram_model.h"
#include "cli/diagram_svg.h"
#include "cli/svg_text.h"
#include "cli/world.h"
#include "config/read.h"
#include "core/text.h"

namespace rowpage::test {
namespace {

// --- layout

rc::Gen<LayoutGraph> graphs() {
  return rc::gen::exec([] {
    LayoutGraph graph;
    graph.box_width = 100;
    const auto boxes = *rc::gen::inRange<std::size_t>(1, 14);
    for (std::size_t i = 0; i < boxes; ++i) graph.boxes.push_back({static_cast<double>(*rc::gen::inRange(40, 300))});
    const auto edges = *rc::gen::inRange<std::size_t>(0, 30);
    for (std::size_t i = 0; i < edges; ++i) {
      LayoutEdge edge;
      edge.from.box = *rc::gen::inRange<std::size_t>(0, boxes);
      edge.to.box = *rc::gen::inRange<std::size_t>(0, boxes);
      edge.from.offset = *rc::gen::inRange(5, 40);
      const bool branch = *rc::gen::arbitrary<bool>();
      edge.to.offset = branch ? 15 : *rc::gen::inRange(5, 40);
      if (branch) edge.tree = edge.to.box;
      graph.edges.push_back(edge);
    }
    return graph;
  });
}

Point on_curve(const Way& way, std::size_t first, double t) {
  const double u = 1 - t, a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
  const auto& p = way.points;
  return {a * p[first].x + b * p[first + 1].x + c * p[first + 2].x + d * p[first + 3].x,
          a * p[first].y + b * p[first + 1].y + c * p[first + 2].y + d * p[first + 3].y};
}

std::vector<Point> samples(const Way& way) {
  std::vector<Point> out;
  for (std::size_t i = 0; i + 3 < way.points.size(); i += 3) {
    for (int step = 0; step <= 16; ++step) out.push_back(on_curve(way, i, step / 16.0));
  }
  return out;
}

bool within(const LayoutGraph& graph, const Layout& layout, std::size_t box, Point at) {
  const Point corner = layout.boxes[box];
  return at.x > corner.x + 0.01 && at.x < corner.x + graph.box_width - 0.01 && at.y > corner.y + 0.01 &&
         at.y < corner.y + graph.boxes[box].height - 0.01;
}

TEST(DiagramLayout, no_two_boxes_overlap) {
  EXPECT_TRUE(rc::check("boxes keep apart", [] {
    const auto graph = *graphs();
    const Layout layout = lay_out(graph);
    RC_ASSERT(layout.boxes.size() == graph.boxes.size());
    for (std::size_t a = 0; a < graph.boxes.size(); ++a) {
      for (std::size_t b = a + 1; b < graph.boxes.size(); ++b) {
        const bool beside = std::abs(layout.boxes[a].x - layout.boxes[b].x) >= graph.box_width + 20;
        const bool above = layout.boxes[a].y + graph.boxes[a].height + 20 <= layout.boxes[b].y;
        const bool below = layout.boxes[b].y + graph.boxes[b].height + 20 <= layout.boxes[a].y;
        RC_ASSERT(beside || above || below);
      }
    }
  }));
}

TEST(DiagramLayout, every_edge_begins_and_ends_at_the_side_of_its_boxes) {
  EXPECT_TRUE(rc::check("ends lie on the boxes", [] {
    const auto graph = *graphs();
    const Layout layout = lay_out(graph);
    const auto side = [&](const LayoutEnd& end, bool right) {
      const Point corner = layout.boxes[end.box];
      return Point{corner.x + (right ? graph.box_width : 0), corner.y + end.offset};
    };
    RC_ASSERT(layout.ways.size() == graph.edges.size());
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
      const Way& way = layout.ways[i];
      RC_ASSERT(way.points.size() % 3 == 1);
      RC_ASSERT(way.points.front() == side(graph.edges[i].from, way.from_right));
      RC_ASSERT(way.points.back() == side(graph.edges[i].to, way.to_right));
    }
  }));
}

TEST(DiagramLayout, edges_run_between_the_boxes_and_everything_is_on_the_page) {
  EXPECT_TRUE(rc::check("no edge runs over a box", [] {
    const auto graph = *graphs();
    const Layout layout = lay_out(graph);
    for (const auto& way : layout.ways) {
      for (const auto& point : samples(way)) {
        RC_ASSERT(point.x >= 0 && point.x <= layout.width && point.y >= 0 && point.y <= layout.height);
        for (std::size_t box = 0; box < graph.boxes.size(); ++box) RC_ASSERT(!within(graph, layout, box, point));
      }
    }
    for (std::size_t box = 0; box < graph.boxes.size(); ++box) {
      RC_ASSERT(layout.boxes[box].x >= 0 && layout.boxes[box].x + graph.box_width <= layout.width);
      RC_ASSERT(layout.boxes[box].y >= 0 && layout.boxes[box].y + graph.boxes[box].height <= layout.height);
    }
  }));
}

TEST(DiagramLayout, the_same_graph_gives_the_same_layout) {
  EXPECT_TRUE(rc::check("deterministic", [] {
    const auto graph = *graphs();
    const Layout first = lay_out(graph), second = lay_out(graph);
    RC_ASSERT(first.boxes == second.boxes);
    for (std::size_t i = 0; i < first.ways.size(); ++i) RC_ASSERT(first.ways[i].points == second.ways[i].points);
  }));
}

TEST(DiagramLayout, a_graph_that_can_be_drawn_without_crossings_is) {
  LayoutGraph star;
  star.box_width = 100;
  star.boxes.assign(9, {80});
  for (std::size_t i = 1; i < 9; ++i) star.edges.push_back({{i, 30}, {0, 10.0 + 7 * static_cast<double>(i)}});
  for (std::size_t i = 1; i < 9; ++i) star.edges[i - 1].to.offset = 40;
  EXPECT_EQ(lay_out(star).crossings, 0u);
}

TEST(DiagramLayout, an_empty_graph_is_an_empty_page) {
  const Layout layout = lay_out({});
  EXPECT_EQ(layout.width, 0);
  EXPECT_TRUE(layout.boxes.empty());
}

// --- text

TEST(SvgText, what_xml_cannot_hold_is_replaced_and_what_it_would_read_is_escaped) {
  EXPECT_EQ(xml_text("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
  EXPECT_EQ(xml_text(std::string("\x01\x1b[2J\0", 6)), "\xEF\xBF\xBD\xEF\xBF\xBD[2J\xEF\xBF\xBD");
  EXPECT_EQ(xml_text("\xC0\x80 \xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_text("Zürich 🏛️"), "Zürich 🏛️");
}

TEST(SvgText, a_long_text_is_cut_between_characters_and_fits) {
  const std::string text = "Ärztliche Überweisungen und 予約 🏛️ und noch viel mehr";
  for (double width = 20; width < 300; width += 7) {
    const auto fitted = fit_text(text, width, 11);
    EXPECT_LE(text_width(fitted, 11), width) << fitted;
    EXPECT_EQ(xml_text(fitted).find("\xEF\xBF\xBD"), std::string::npos) << fitted;
  }
  EXPECT_EQ(fit_text("short", 300, 11), "short");
}

// --- the picture as XML

// Complains of the first thing that is not well-formed XML: tags that do not close, raw < or & in a text or attribute.
std::string trouble_in(std::string_view xml) {
  std::vector<std::string> open;
  std::set<std::string> ids;
  const auto entity = [&](std::size_t at) {
    for (const std::string_view known : {"&amp;", "&lt;", "&gt;", "&quot;"}) {
      if (xml.substr(at).starts_with(known)) return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < xml.size();) {
    if (xml[i] == '&' && !entity(i)) return "a raw & at " + std::string(xml.substr(i, 40));
    if (xml[i] == '>') return "a raw > at " + std::string(xml.substr(i, 40));
    if (xml[i] != '<') {
      ++i;
      continue;
    }
    const auto end = xml.find('>', i);
    if (end == std::string_view::npos) return "an open tag";
    const std::string tag(xml.substr(i + 1, end - i - 1));
    i = end + 1;
    if (tag.find('<') != std::string::npos) return "a < within the tag " + tag;
    if (std::ranges::count(tag, '"') % 2 != 0) return "an open attribute in " + tag;
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + tag + ">";
      open.pop_back();
      continue;
    }
    if (const auto id = tag.find(" id=\""); id != std::string::npos) {
      if (!ids.insert(tag.substr(id, tag.find('"', id + 5) - id)).second) return "an id twice: " + tag;
    }
    if (!tag.ends_with('/')) open.push_back(tag.substr(0, tag.find(' ')));
  }
  return open.empty() ? "" : "not closed: " + open.back();
}

Diagram preset_diagram(std::string_view name) {
  const auto text = preset_text(name);
  EXPECT_TRUE(text);
  const auto config = read_config(*text, "preset " + std::string(name), Environment{});
  EXPECT_TRUE(config) << config.error().what;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < config->pairs.size(); ++i) all.push_back(i);
  return make_diagram(*config, all);
}

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

TEST(DiagramSvg, the_preset_is_one_well_formed_picture_that_needs_nothing_from_outside) {
  const auto svg = diagram_to_svg(preset_diagram("higherself"));
  EXPECT_EQ(trouble_in(svg), "");
  EXPECT_EQ(times(svg, "class=\"box "), 16u);
  EXPECT_EQ(times(svg, "<path class=\"touch\""), 46u);
  EXPECT_EQ(times(svg, "<path class=\"ink double\""), 12u);
  for (const char* word : {"href", "<script", "<image", "url(", "@import", "@font-face", "nan", "inf"})
    EXPECT_EQ(svg.find(word), std::string::npos) << word;
  EXPECT_NE(svg.find("\nMaster Tasks Database: Parent Task ⇄ Subtasks, N:1 to itself"), std::string::npos)
      << "the description names the relations";
  EXPECT_EQ(svg, diagram_to_svg(preset_diagram("higherself")));
}

TEST(DiagramSvg, hostile_names_stay_text) {
  Diagram diagram;
  const std::string evil = "</text><script>alert(1)</script>&#x0; \"'\x01\xFF]]> \xF0\x9F";
  diagram.workspace = diagram.source = evil;
  for (int i = 0; i < 3; ++i) {
    DiagramDatabase database;
    database.model = database.title = database.icon = database.group = database.comment = database.schema =
        database.table = evil;
    database.rows = 5;
    database.linked = 4;
    database.conflicts = 2;
    for (int field = 0; field < 40; ++field)
      database.fields.push_back({.property = evil, .column = evil, .end_column = evil, .relation = std::nullopt});
    database.fields[0].type = FieldType::title;
    diagram.databases.push_back(database);
  }
  for (std::size_t i = 0; i < 30; ++i) {
    DiagramRelation relation;
    relation.from = i % 3;
    relation.to = i * 2 % 3;
    relation.property = relation.table = relation.own = relation.other = relation.column = evil;
    if (i % 4 == 0) relation.two_way = evil;
    relation.links = 7;
    relation.pending_links = 1;
    diagram.databases[relation.from].fields[1 + i].relation = i;
    diagram.databases[relation.from].fields[1 + i].stored = Relation::Kind::column;
    diagram.relations.push_back(relation);
  }
  const auto svg = diagram_to_svg(diagram);
  EXPECT_EQ(trouble_in(svg), "");
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find('\x01'), std::string::npos);
  EXPECT_TRUE(valid_utf8(svg));
}

TEST(DiagramSvg, a_single_database_and_none_at_all_are_pictures_too) {
  for (const auto& diagram : {preset_diagram("decision-vault"), Diagram{}})
    EXPECT_EQ(trouble_in(diagram_to_svg(diagram)), "");
}

// --- the data

const DiagramRelation* relation_named(const Diagram& diagram, std::string_view model, std::string_view property) {
  const auto at = std::ranges::find_if(diagram.relations, [&](const auto& relation) {
    return diagram.databases[relation.from].model == model && relation.property == property;
  });
  return at == diagram.relations.end() ? nullptr : &*at;
}

TEST(DiagramModel, the_preset_has_its_databases_relations_and_their_kinds) {
  using Cardinality = DiagramRelation::Cardinality;
  const auto diagram = preset_diagram("higherself");
  EXPECT_EQ(diagram.databases.size(), 16u);
  EXPECT_EQ(diagram.relations.size(), 46u);
  EXPECT_EQ(diagram.two_way_relations(), 12u);
  EXPECT_EQ(diagram.left_out, 0u);
  EXPECT_EQ(diagram.groups().size(), 2u);
  const auto count = [&](auto which) { return std::ranges::count_if(diagram.relations, which); };
  EXPECT_EQ(count([](const auto& r) { return r.stored == Relation::Kind::join; }), 22);
  EXPECT_EQ(count([](const auto& r) { return r.cardinality == Cardinality::many_to_one; }), 23);
  EXPECT_EQ(count([](const auto& r) { return r.cardinality == Cardinality::one_to_one; }), 1)
      << "only the column that is unique";
  EXPECT_EQ(count([](const auto& r) { return r.self(); }), 2);
  const auto* parent = relation_named(diagram, "Task", "Parent Task");
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->two_way, "Subtasks");
  EXPECT_EQ(parent->table, "tasks");
  EXPECT_EQ(parent->column, "parent_task_id");
  const auto* needed = relation_named(diagram, "AgentCommunication", "Source Agent");
  ASSERT_TRUE(needed);
  EXPECT_TRUE(needed->required);
  const auto* rewards = relation_named(diagram, "RewardBounty", "Community Members");
  ASSERT_TRUE(rewards);
  EXPECT_EQ(rewards->table, "reward_community_members");
  EXPECT_FALSE(rewards->own.empty() || rewards->other.empty());
}

TEST(DiagramModel, both_ends_of_a_two_way_relation_show_it) {
  const auto diagram = preset_diagram("higherself");
  for (std::size_t i = 0; i < diagram.relations.size(); ++i) {
    std::size_t shown = 0;
    for (const auto& database : diagram.databases) {
      for (const auto& field : database.fields) shown += field.relation == i ? 1 : 0;
    }
    EXPECT_EQ(shown, diagram.relations[i].two_way.empty() ? 1u : 2u) << diagram.relations[i].property;
  }
}

TEST(DiagramCard, edges_leave_the_line_of_their_property) {
  const auto diagram = preset_diagram("higherself");
  std::vector<Card> cards;
  for (std::size_t i = 0; i < diagram.databases.size(); ++i) cards.push_back(card_of(diagram, i));
  const auto graph = graph_of(diagram, cards);
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    const auto& lines = cards[diagram.relations[i].from].lines;
    const auto line = static_cast<std::size_t>((graph.edges[i].from.offset - Card::line_middle(0)) / Card::line + 0.5);
    ASSERT_LT(line, lines.size());
    EXPECT_EQ(lines[line].left, diagram.relations[i].property);
  }
}

// --- the command

constexpr const char* library = R"(version: 1
workspace: library
pairs:
  - model: Author
    notion: { title: Authors }
    table: authors
    group: people
    fields:
      - { column: name, property: Name, type: title }
      - { property: Books, type: relation, to: Book, back_of: Writer }
  - model: Book
    notion: { title: Books }
    table: books
    group: things
    fields:
      - { column: title, property: Title, type: title }
      - { column: author_id, property: Writer, type: relation, to: Author, two_way: Books }
      - { column: sequel_id, property: Sequel, type: relation, to: Book }
      - { property: Readers, type: relation, to: Author, join: { table: book_readers, own: book_id, other: author_id } }
)";

constexpr const char* library_tables[] = {
    "create table authors (id uuid primary key default gen_random_uuid(), name text)",
    "create table books (id uuid primary key default gen_random_uuid(), title text, author_id uuid not null references "
    "authors (id), sequel_id uuid unique references books (id))",
    "create table book_readers (book_id uuid references books (id), author_id uuid references authors (id), primary "
    "key "
    "(book_id, author_id))",
    "insert into authors (name) values ('Ada'), ('Bob'), ('Cyd')",
    "insert into books (title, author_id) select 'Book ' || n, (select id from authors where name = 'Ada') from "
    "generate_series(1, 5) n",
    "update books set sequel_id = (select id from books where title = 'Book 2') where title = 'Book 1'",
    "insert into book_readers select b.id, a.id from books b, authors a where a.name <> 'Ada' and b.title <> 'Book 5'"};

class DiagramCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!world.trouble().empty()) GTEST_SKIP() << world.trouble();
  }
  void make_library() {
    for (const auto* statement : library_tables) world.sql(statement);
    world.environment.erase("ROWPAGE_PRESET");
    world.write("rowpage.yaml", library);
  }
  // The rowpage schema, and state as runs leave it.
  void make_state() {
    world.set_up();
    world.sql(
        "insert into rowpage.pair (workspace, model, data_source, table_schema, table_name, key_column) values "
        "('library', 'Author', 'a', 'public', 'authors', 'id'), ('library', 'Book', 'b', 'public', 'books', 'id'), "
        "('other', 'Else', 'c', 'public', 'elsewhere', 'id')");
    const std::string book = "(select id from rowpage.pair where model = 'Book')";
    const std::string author = "(select id from rowpage.pair where model = 'Author')";
    world.sql("insert into rowpage.errand (pair, kind, row_key, field, other) values (" + book +
              ", 'await_page', 'r1', 'author_id', 'x'), (" + book +
              ", 'await_page', 'r1', 'book_readers.book_id', 'x'), (" + book + ", 'look', 'r2', '', 'x'), (" + author +
              ", 'add', 'r3', 'back:Books', 'x')");
    world.sql("insert into rowpage.parked (pair, kind, row_key, reason, next_try_at) values (" + book +
              ", 'parked', 'r1', 'why', now()), (" + book + ", 'waiting', 'r2', 'why', now())");
  }
  static const json::value* one(const Ran& ran, const char* list, const char* key, const std::string& name) {
    const auto* all = find_array(ran.object, list);
    if (!all) return nullptr;
    const auto at = std::ranges::find_if(*all, [&](const auto& each) { return find_string(each, key) == name; });
    return at == all->end() ? nullptr : &*at;
  }
  static std::string member(const json::value* object, const char* key) {
    const auto* value = object ? find(*object, key) : nullptr;
    return value ? to_text(*value) : "absent";
  }
  static std::string count(const Ran& ran, const std::string& model, const char* key) {
    const auto* database = one(ran, "databases", "model", model);
    return member(database ? find(*database, "counts") : nullptr, key);
  }
  Ran json() { return world.run({"diagram", "--format", "json"}); }
  World world;
};

TEST_F(DiagramCommand, draws_a_preset_without_any_variable_and_says_that_counts_are_missing) {
  world.environment = {{"PATH", "/usr/bin:/bin"}};
  const auto drawn = world.run({"--preset", "higherself", "diagram", "--format", "svg"});
  EXPECT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_EQ(trouble_in(drawn.out), "");
  EXPECT_EQ(std::ranges::count(drawn.err, '\n'), 1) << drawn.err;
  EXPECT_NE(drawn.err.find("SUPABASE_DB_URL is not set"), std::string::npos) << drawn.err;
  const auto data = world.run({"--preset", "higherself", "diagram", "--format", "json"});
  EXPECT_EQ(data.code, 0) << data.err;
  EXPECT_EQ(count(data, "Task", "rows"), "null");
  EXPECT_EQ(count(data, "Task", "parked"), "null");
}

TEST_F(DiagramCommand, counts_rows_links_and_what_waits) {
  make_state();
  make_library();
  const auto ran = json();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(count(ran, "Author", "rows"), "3");
  EXPECT_EQ(count(ran, "Book", "rows"), "5");
  EXPECT_EQ(count(ran, "Book", "linked"), "0");
  EXPECT_EQ(count(ran, "Book", "parked"), "1");
  EXPECT_EQ(count(ran, "Book", "waiting"), "1");
  EXPECT_EQ(count(ran, "Book", "pending_links"), "2");
  EXPECT_EQ(count(ran, "Author", "pending_links"), "1");
  const auto* writer = one(ran, "relations", "id", "Book.Writer");
  EXPECT_EQ(member(writer, "links"), "5");
  EXPECT_EQ(member(writer, "cardinality"), "\"N:1\"");
  EXPECT_EQ(member(writer, "required"), "true") << "the column is NOT NULL, whatever the config says";
  EXPECT_EQ(member(writer, "two_way"), "\"Books\"");
  EXPECT_EQ(member(writer, "pending_links"), "2") << "one at either end";
  const auto* sequel = one(ran, "relations", "id", "Book.Sequel");
  EXPECT_EQ(member(sequel, "links"), "1");
  EXPECT_EQ(member(sequel, "self"), "true");
  EXPECT_EQ(member(sequel, "cardinality"), "\"1:1\"") << "the column is unique";
  const auto* readers = one(ran, "relations", "id", "Book.Readers");
  EXPECT_EQ(member(readers, "links"), "8");
  EXPECT_EQ(member(readers, "stored"), "\"join\"");
  EXPECT_EQ(member(readers, "pending_links"), "1");
}

TEST_F(DiagramCommand, before_setup_it_counts_what_is_there_and_says_what_is_not) {
  make_library();
  world.sql("drop table book_readers");
  const auto ran = json();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_NE(ran.err.find("not set up for Rowpage yet"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("public.book_readers"), std::string::npos) << ran.err;
  EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
  EXPECT_EQ(count(ran, "Book", "rows"), "5");
  EXPECT_EQ(count(ran, "Book", "linked"), "null");
  EXPECT_EQ(member(one(ran, "relations", "id", "Book.Readers"), "links"), "null");
}

TEST_F(DiagramCommand, asks_notion_nothing_and_writes_nothing_but_its_file) {
  make_state();
  make_library();
  const auto requests = world.requests_counted();
  const auto marks = world.row_marks();
  const auto logs = std::filesystem::last_write_time(world.folder + "/logs");
  world.write("picture.svg", "what was there before, and longer than nothing");
  const auto ran = world.run({"diagram", "--out", "picture.svg"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  const auto picture = world.read("picture.svg");
  EXPECT_EQ(trouble_in(picture), "");
  EXPECT_NE(picture.find("5 rows"), std::string::npos);
  EXPECT_EQ(world.requests_counted(), requests);
  EXPECT_EQ(world.row_marks(), marks);
  EXPECT_EQ(std::filesystem::last_write_time(world.folder + "/logs"), logs);
  for (const auto& entry : std::filesystem::directory_iterator(world.folder))
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(DiagramCommand, a_file_that_cannot_be_written_is_named) {
  make_library();
  for (const std::string file : {"missing/picture.svg", ".", "/dev/null"}) {
    const auto ran = world.run({"diagram", "--no-counts", "--out", file});
    EXPECT_EQ(ran.code, 2) << file << ran.err;
    EXPECT_NE(ran.err.find("cannot write " + file), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(DiagramCommand, with_json_standard_output_is_one_object_in_either_format) {
  make_library();
  const auto data = world.run({"diagram", "--format", "json", "--json", "--no-counts"});
  EXPECT_EQ(data.code, 0) << data.err;
  EXPECT_EQ(find_string(data.object, "command"), "diagram");
  ASSERT_TRUE(find_object(data.object, "diagram")) << data.out;
  const auto drawn = world.run({"diagram", "--json", "--no-counts"});
  EXPECT_EQ(trouble_in(std::string(find_string(drawn.object, "svg"))), "");
  EXPECT_NE(find_string(drawn.object, "svg"), "");
}

TEST_F(DiagramCommand, draws_the_chosen_databases_and_tells_how_many_relations_lead_elsewhere) {
  make_library();
  const auto ran = world.run({"diagram", "--format", "json", "--no-counts", "--model", "book"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(find_array(ran.object, "databases")->size(), 1u);
  ASSERT_EQ(find_array(ran.object, "relations")->size(), 1u);
  EXPECT_TRUE(one(ran, "relations", "id", "Book.Sequel"));
  EXPECT_EQ(member(&ran.object, "relations_left_out"), "2");
}

TEST_F(DiagramCommand, what_it_does_not_know_is_refused_with_the_nearest) {
  make_library();
  const auto format = world.run({"diagram", "--format", "png"});
  EXPECT_EQ(format.code, 2);
  EXPECT_NE(format.err.find("--format svg or --format json"), std::string::npos) << format.err;
  const auto model = world.run({"diagram", "--model", "Boook"});
  EXPECT_EQ(model.code, 2);
  EXPECT_NE(model.err.find("Book"), std::string::npos) << model.err;
}

TEST_F(DiagramCommand, a_database_that_does_not_answer_is_an_error_with_a_way_round) {
  make_library();
  const auto url = World::Environment{{"SUPABASE_DB_URL", "postgresql://nobody@127.0.0.1:1/none"}};
  const auto ran = world.run({"diagram"}, url);
  EXPECT_EQ(ran.code, 1) << ran.err;
  EXPECT_NE(ran.err.find("--no-counts"), std::string::npos) << ran.err;
  const auto without = world.run({"diagram", "--no-counts"}, url);
  EXPECT_EQ(without.code, 0) << without.err;
}

}  // namespace
}  // namespace rowpage::test
