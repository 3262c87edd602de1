// How a mapping of the config file is read: each key is taken once, by type; what is left over is a mistake.
//
//   Section sync(reading, node, "sync", {"interval", "batch_size"}, {});
//   settings.batch_size = sync.integer("batch_size", 1, 1000).value_or(100);
//
// Mistakes are collected, not thrown: one run shows them all.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/environment.h"
#include "config/mistake.h"
#include "config/node.h"
#include "config/workspace.h"
#include "core/schema.h"
#include "core/table_name.h"
#include "core/time.h"

namespace rowpage {

/// What all sections share while one file is read.
struct Reading {
  std::string file;
  const Environment& environment;
  std::vector<Mistake> mistakes;

  void wrong(int line, int column, std::string what, std::string hint = "");
  void wrong(const Node& node, std::string what, std::string hint = "");
  std::string place(const Node& node) const;
  /// Whether an item of a list is nothing (`-` and no more), which is a mistake; `name` is how one is called.
  bool left_out(const Node& item, std::string_view name);
};

using Names = std::vector<std::string>;

/// A word and what it stands for.
template <class T>
struct Word {
  std::string_view name;
  T value;
};

class Section {
 public:
  /// `later` are keys this version refuses by name. A node that is no mapping is a mistake, and every key absent.
  Section(Reading& reading, const Node* node, std::string name, Names known, Names later = {});

  bool present() const { return node_ != nullptr; }
  const Node* node() const { return node_; }
  const Node* child(std::string_view key) const;

  /// The scalar with ${NAME} expanded. Absent, empty, or exactly one ${NAME} that is not set: nullopt.
  std::optional<std::string> text(std::string_view key);
  /// The same; absence is a mistake of the section.
  std::string required_text(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<bool> flag(std::string_view key);
  std::optional<Millis> duration(std::string_view key, Millis least, Millis most);
  std::optional<std::string> id(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  /// A mapping whose keys are the user's own names, in its order; each value a single one.
  std::vector<std::pair<std::string, std::string>> named_texts(std::string_view key);

  template <class T>
  std::optional<T> word(std::string_view key, std::initializer_list<Word<T>> words, std::string_view kind) {
    const auto found = text(key);
    if (!found) return std::nullopt;
    Names names;
    for (const auto& word : words) {
      if (word.name == *found) return word.value;
      names.emplace_back(word.name);
    }
    unknown_word(key, *found, names, kind);
    return std::nullopt;
  }

  void wrong(std::string_view key, std::string what, std::string hint = "");

 private:
  void unknown_word(std::string_view key, const std::string& found, const Names& names, std::string_view kind);

  Reading& reading_;
  const Node* node_ = nullptr;
  std::string name_;
};

/// ${NAME} replaced from the environment; `$${` stands for `${`. nullopt: the whole text is one variable that is not
/// set. A variable that is not set within a longer text is a mistake.
std::optional<std::string> expand(Reading& reading, const Node& scalar);

/// The settings a pair inherits from `sync:` or sets itself: conflict, deletes, brakes, first, drift, bounds.
void read_policy(Reading& reading, Section& section, PairSpec& spec);

/// Keys that read_policy() takes.
Names policy_keys();

/// A direction under any of its names (both, to_notion, notion_to_supabase, from-notion, ...).
std::optional<Direction> direction_of(std::string_view name);

/// All its names, for help and did-you-mean.
Names direction_names();

}  // namespace rowpage
