#include "config/node.h"

#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/text.h"

namespace rowpage {
namespace {

constexpr int depth_limit = 64;

struct DocumentCloser {
  void operator()(fy_document* document) const { fy_document_destroy(document); }
};

struct DiagCloser {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
};

// The first thing the library complains of, with its place.
Mistake from_diagnostics(fy_diag* diag, const std::string& file) {
  void* at = nullptr;
  const fy_diag_error* error = diag ? fy_diag_errors_iterate(diag, &at) : nullptr;
  Mistake mistake{file, 0, 0, "this is not valid YAML", ""};
  if (!error) return mistake;
  mistake.line = error->line;
  mistake.column = error->column;
  if (error->msg) mistake.what += std::string(": ") + error->msg;
  return mistake;
}

class Builder {
 public:
  explicit Builder(const std::string& file) : file_(file) {}

  // Answers false after the first thing that is refused; it is kept in `mistake`.
  bool build(fy_node* from, Node& to, int depth) {
    if (!from) return true;
    place(from, to);
    if (depth > depth_limit) return refuse(to, "nested too deeply", "");
    switch (fy_node_get_type(from)) {
      case FYNT_SCALAR:
        return scalar(from, to);
      case FYNT_SEQUENCE:
        return sequence(from, to, depth);
      case FYNT_MAPPING:
        return mapping(from, to, depth);
    }
    return true;
  }

  std::optional<Mistake> mistake;

 private:
  void place(fy_node* from, Node& to) {
    to.kind = fy_node_get_type(from) == FYNT_SEQUENCE  ? Node::Kind::list
              : fy_node_get_type(from) == FYNT_MAPPING ? Node::Kind::map
                                                       : Node::Kind::scalar;
    const fy_mark* mark = nullptr;
    if (to.kind == Node::Kind::scalar) {
      if (fy_token* token = fy_node_get_scalar_token(from)) mark = fy_token_start_mark(token);
    }
    if (mark) {
      to.line = mark->line + 1;
      const auto style = fy_node_get_style(from);  // the mark of a quoted scalar stands behind the quote
      const bool quoted = style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
      to.column = mark->column + (quoted ? 0 : 1);
    }
  }

  bool refuse(const Node& at, std::string what, std::string hint) {
    mistake = Mistake{file_, at.line, at.column, std::move(what), std::move(hint)};
    return false;
  }

  bool scalar(fy_node* from, Node& to) {
    if (fy_node_is_alias(from)) {
      return refuse(to, "aliases (`*name`) are not supported", "write the value out");
    }
    std::size_t size = 0;
    if (const char* text = fy_node_get_scalar(from, &size)) to.text.assign(text, size);
    const auto style = fy_node_get_style(from);
    to.quoted = style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED;
    return true;
  }

  bool sequence(fy_node* from, Node& to, int depth) {
    void* at = nullptr;
    while (fy_node* item = fy_node_sequence_iterate(from, &at)) {
      auto& entry = to.entries.emplace_back();
      if (!build(item, entry.value, depth + 1)) return false;
      inherit_place(to, entry.value.line, entry.value.column);
      entry.line = entry.value.line;
      entry.column = entry.value.column;
    }
    return true;
  }

  bool mapping(fy_node* from, Node& to, int depth) {
    void* at = nullptr;
    while (fy_node_pair* pair = fy_node_mapping_iterate(from, &at)) {
      Node key;
      if (!build(fy_node_pair_key(pair), key, depth + 1)) return false;
      if (key.kind != Node::Kind::scalar) return refuse(key, "a key must be a plain name", "");
      auto& entry = to.entries.emplace_back();
      entry.key = key.text;
      entry.line = key.line;
      entry.column = key.column;
      if (key.text == "<<") return refuse(key, "merge keys (`<<`) are not supported", "write the values out");
      inherit_place(to, key.line, key.column);
      if (!build(fy_node_pair_value(pair), entry.value, depth + 1)) return false;
      inherit_place(entry.value, key.line, key.column);
    }
    return true;
  }

  // A collection stands where its first child does; a value that was left out stands where its key does.
  static void inherit_place(Node& node, int line, int column) {
    if (node.line > 0) return;
    node.line = line;
    node.column = column;
  }

  const std::string& file_;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

namespace {

// What the library is not to see: on a directive of broken UTF-8 it never ends, and what stands behind a NUL it reads
// as another document would.
std::optional<Mistake> unfit(std::string_view text, const std::string& file) {
  int line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto part = text.substr(at, end - at);
    at = end + 1;
    const auto control =
        std::ranges::find_if(part, [](unsigned char c) { return (c < ' ' && c != '\t' && c != '\r') || c == 127; });
    if (control != part.end()) {
      return Mistake{file, line, static_cast<int>(control - part.begin()) + 1,
                     "a control character stands here, which YAML does not allow", "remove it"};
    }
    if (!valid_utf8(part)) return Mistake{file, line, 1, "this line is not UTF-8", "save the file as UTF-8"};
    if (part.starts_with('%'))
      return Mistake{file, line, 1, "directives (`%NAME`) are not supported", "remove the line"};
  }
  return std::nullopt;
}

}  // namespace

tl::expected<Node, Mistake> parse_yaml(std::string_view text, const std::string& file) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (auto mistake = unfit(text, file)) return tl::unexpected(*mistake);
  fy_diag_cfg diag_config;
  fy_diag_cfg_default(&diag_config);
  diag_config.level = FYET_ERROR;
  diag_config.fp = nullptr;
  diag_config.output_fn = [](fy_diag*, void*, const char*, std::size_t) {};  // what is not collected is not printed
  const std::unique_ptr<fy_diag, DiagCloser> diag(fy_diag_create(&diag_config));
  if (diag) fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config{};
  config.flags = diag ? static_cast<fy_parse_cfg_flags>(0) : FYPCF_QUIET;
  config.diag = diag.get();
  std::unique_ptr<fy_document, DocumentCloser> document(
      fy_document_build_from_string(&config, text.data(), text.size()));
  if (!document) return tl::unexpected(from_diagnostics(diag.get(), file));
  Node root;
  root.kind = Node::Kind::map;
  Builder builder(file);
  fy_node* top = fy_document_root(document.get());
  if (top && !builder.build(top, root, 0)) return tl::unexpected(*builder.mistake);
  if (!top || (root.kind == Node::Kind::scalar && root.text.empty())) return Node{Node::Kind::map, "", false, 1, 1, {}};
  return root;
}

}  // namespace rowpage
