// A YAML text as a small tree in which every node knows where it was written. The YAML library is known to node.cc
// alone.
//
// Scalars stay text ("NO" is a name, "0123" is no number): whoever reads a node asks for the type it wants. Anchors and
// aliases are refused, so that a node has one place and a document cannot grow without bound.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/mistake.h"

namespace rowpage {

struct Node {
  enum class Kind { scalar, list, map } kind = Kind::scalar;
  std::string text;  // scalar
  bool quoted = false;
  int line = 0, column = 0;  // from 1; column counts characters
  struct Entry;
  std::vector<Entry> entries;  // of a map, in order; of a list with empty keys

  const Node* find(std::string_view key) const;
};

struct Node::Entry {
  std::string key;
  int line = 0, column = 0;  // of the key
  Node value;
};

/// Parses one document. `file` is used in messages only. An empty text is an empty map.
tl::expected<Node, Mistake> parse_yaml(std::string_view text, const std::string& file);

}  // namespace rowpage
