// rowpage.schema.json is what editors complete and check by: what Rowpage itself ships must agree with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "config/node.h"
#include "config/read.h"
#include "config/workspace.h"

namespace rowpage {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file(std::string(ROWPAGE_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Keys and words of a YAML tree against the schema's properties and enums; answers what does not agree.
class Checker {
 public:
  explicit Checker(const json::value& schema) : schema_(schema) {}

  std::string check(const Node& node) {
    trouble_.clear();
    look(node, schema_, "");
    return trouble_;
  }

 private:
  void look(const Node& node, const json::value& given, const std::string& place) {
    const json::value* rule = &given;
    if (const auto ref = find_string(*rule, "$ref"); !ref.empty()) {
      rule = find(*find(schema_, "definitions"), ref.substr(ref.rfind('/') + 1));
      ASSERT_TRUE(rule) << ref;
    }
    if (const auto* ways = find_array(*rule, "anyOf"); ways && !find(*rule, "type")) rule = fitting(node, *ways);
    if (node.kind == Node::Kind::scalar) {
      if (const auto type = find_string(*rule, "type"); type == "object" || type == "array")
        trouble_ += place + " must be an " + std::string(type) + "\n";
      const auto* words = find_array(*rule, "enum");
      if (!words || node.text.starts_with("${")) return;
      for (const auto& word : *words) {
        if (word.is_string() && word.get_string() == node.text) return;
      }
      trouble_ += place + " cannot be " + node.text + "\n";
      return;
    }
    const auto* properties = find(*rule, "properties");
    const auto* items = find(*rule, "items");
    const auto* others = find(*rule, "additionalProperties");
    if (others && !others->is_object()) others = nullptr;
    if (node.kind == Node::Kind::map && !properties && !others) trouble_ += place + " is no mapping\n";
    if (node.kind == Node::Kind::list && !items) trouble_ += place + " is no list\n";
    for (const auto& entry : node.entries) {
      const auto here = place + "/" + entry.key;
      const json::value* next = items;
      if (node.kind == Node::Kind::map) {
        next = properties ? find(*properties, entry.key) : nullptr;
        if (!next) next = others;
      }
      if (next) {
        look(entry.value, *next, here);
      } else {
        trouble_ += here + " is not known\n";
      }
    }
    if (const auto* required = find_array(*rule, "required"); required && node.kind == Node::Kind::map) {
      for (const auto& key : *required) {
        if (!node.find(std::string_view(key.get_string()))) trouble_ += place + " lacks " + to_text(key) + "\n";
      }
    }
  }

  // The alternative of the node's kind; none: the first, which then complains.
  static const json::value* fitting(const Node& node, const json::array& ways) {
    const std::string_view kind = node.kind == Node::Kind::map    ? "object"
                                  : node.kind == Node::Kind::list ? "array"
                                                                  : "string";
    for (const auto& way : ways) {
      if (find_string(way, "type") == kind) return &way;
    }
    return &ways.front();
  }

  const json::value& schema_;
  std::string trouble_;
};

class Schema : public ::testing::Test {
 protected:
  void SetUp() override {
    auto parsed = parse_json(slurp("rowpage.schema.json"));
    ASSERT_TRUE(parsed) << parsed.error().what;
    schema = std::move(*parsed);
  }
  std::string trouble(const std::string& yaml) {
    const auto node = parse_yaml(yaml, "test");
    if (!node) return "not YAML: " + node.error().what;
    return Checker(schema).check(*node);
  }
  json::value schema;
};

TEST_F(Schema, every_preset_agrees_and_names_it_in_its_first_line) {
  for (const auto& file : std::filesystem::directory_iterator(std::string(ROWPAGE_SOURCE_DIR) + "/presets")) {
    if (file.path().extension() != ".yaml") continue;
    const auto text = slurp("presets/" + file.path().filename().string());
    EXPECT_EQ(trouble(text), "") << file.path();
    EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema=rowpage.schema.json\n")) << file.path();
  }
}

// The YAML blocks of the pages that show configuration.
std::vector<std::string> documented_examples() {
  std::vector<std::string> blocks;
  for (const char* page : {"README.md", "docs/configuration.md"}) {
    std::istringstream text(slurp(page));
    std::string line;
    bool inside = false;
    while (std::getline(text, line)) {
      if (line == "```yaml") {
        inside = true;
        blocks.emplace_back();
      } else if (line == "```") {
        inside = false;
      } else if (inside) {
        blocks.back() += line + "\n";
      }
    }
  }
  return blocks;
}

TEST_F(Schema, the_examples_of_the_documentation_agree) {
  const auto examples = documented_examples();
  EXPECT_FALSE(examples.empty());
  for (const auto& example : examples) EXPECT_EQ(trouble(example), "") << example;
}

TEST_F(Schema, the_whole_examples_of_the_documentation_are_read_without_a_mistake) {
  const Environment environment({{"NOTION_DATABASE_ID", "0123456789abcdef0123456789abcdef"}}, {});
  int whole = 0;
  for (const auto& example : documented_examples()) {
    if (!example.starts_with("pairs:") && example.find("\npairs:") == std::string::npos) continue;
    const auto read = read_config(example, "example", environment);
    EXPECT_TRUE(read) << read.error().what;
    ++whole;
  }
  EXPECT_GE(whole, 4);
}

TEST_F(Schema, the_checker_sees_unknown_keys_words_and_what_is_missing) {
  EXPECT_NE(trouble("pairs: []\nsinc: 1\n"), "");
  EXPECT_NE(trouble("sync: { deletes: softly }\npairs: []\n"), "");
  EXPECT_NE(trouble("version: 1\n"), "");
  const std::string pair =
      "pairs:\n  - { model: A, notion: { title: A }, table: a, fields: [ { property: A, type: title } ], ";
  EXPECT_EQ(trouble(pair + "setup: { indexes: [a, [a, b], { name: i, columns: [a] }], formulas: { N: 1 } } }\n"), "");
  EXPECT_NE(trouble(pair + "setup: { indexes: [{ nam: i, columns: [a] }] } }\n"), "");
  EXPECT_NE(trouble(pair + "setup: { indexes: [{ name: i }] } }\n"), "");
  EXPECT_NE(trouble(pair + "setup: { properties: { A: formula } } }\n"), "");
  EXPECT_NE(trouble(pair + "setup: { formulas: [a] } }\n"), "");
  EXPECT_NE(trouble("pairs:\n  - { model: A, table: a, fields: [ { column: a, property: A, type: title } ] }\n"), "");
}

}  // namespace
}  // namespace rowpage
