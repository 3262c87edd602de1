#include "notion/relations.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/text.h"
#include "notion/codec.h"
#include "notion/source.h"

namespace rowpage {
namespace {

constexpr std::string_view default_end = "Related to ";  // how Notion begins the name of an end it named itself

// A relation property as a schema shows it.
struct Shown {
  std::string target;
  bool dual = false;
  std::string end_name, end_id;  // of the property at the other end; the id is decoded
};

Shown read_relation(const json::value& property) {
  Shown shown;
  const json::value* relation = find(property, "relation");
  if (!relation) return shown;
  shown.target = canonical_id(find_string(*relation, "data_source_id"));
  if (const json::value* dual = find(*relation, "dual_property")) {
    shown.dual = true;
    shown.end_name = find_string(*dual, "synced_property_name");
    shown.end_id = decode_id(find_string(*dual, "synced_property_id"));
  }
  return shown;
}

// "Tasks" (5000…), or the id alone where the data source cannot be read.
std::string source_name(Caller& caller, const std::string& id) {
  const Result<json::value> source = get_source(caller, id);
  const std::string title = source ? title_text(*source, "title") : std::string();
  return title.empty() ? "data source " + id : fmt::format("\"{}\" (data source {})", title, id);
}

// One relation of one data source being set up. `source` is as last read.
class Work {
 public:
  Work(Caller& caller, const std::string& id, const WantedRelation& wanted, json::value& source, SchemaChange& change)
      : caller_(caller), id_(id), wanted_(wanted), source_(source), change_(change) {}

  Status run() {
    const bool added = !there();
    if (added) {
      Result<bool> made = add();
      if (!made) return fail(made.error());
      if (!*made) return {};
    }
    if (!fits()) return {};
    return two_way() ? name_end(added) : Status();
  }

 private:
  const json::value* there() const { return property_bound(source_, wanted_.name, wanted_.also); }
  // A relation of a data source to itself needs two names to have two ends.
  bool two_way() const { return !wanted_.two_way.empty() && !(to_itself() && wanted_.two_way == wanted_.name); }
  bool to_itself() const { return wanted_.target == id_; }
  void note(std::string text) { change_.notes.push_back(std::move(text)); }

  // False: left out, with a note.
  Result<bool> add() {
    if (two_way()) {
      const Result<json::value> other =
          to_itself() ? Result<json::value>(source_) : get_source(caller_, wanted_.target);
      if (!other) return fail(other.error());
      if (const json::value* taken = property_bound(*other, wanted_.two_way, {})) {
        note(fmt::format(
            "{} is not added: its other end is to be called \"{}\", but {} has a property of that name, of "
            "type {}. Rename or remove that one, then run setup again",
            wanted_.name, wanted_.two_way, source_name(caller_, wanted_.target), find_string(*taken, "type")));
        return false;
      }
    }
    json::object relation{{"data_source_id", wanted_.target}};
    if (two_way()) {
      relation["dual_property"] = json::object{{"synced_property_name", wanted_.two_way}};
    } else {
      relation["single_property"] = json::object();
    }
    Result<Patched> after =
        patch_property(caller_, id_, wanted_.name, json::object{{"relation", std::move(relation)}}, wanted_.name);
    if (!after) return fail(after.error());
    source_ = std::move(after->source);
    if (!property_named(source_, wanted_.name)) return fail(not_made(*after, wanted_.name, "add the"));
    change_.done.push_back(two_way()
                               ? fmt::format("added {} (relation, two-way with {})", wanted_.name, wanted_.two_way)
                               : fmt::format("added {} (relation)", wanted_.name));
    return true;
  }

  // Whether what is there is the relation wanted.
  bool fits() {
    const json::value& property = *there();
    if (const std::string_view type = find_string(property, "type"); type != "relation") {
      note(fmt::format("{} is of type {}, not a relation to {}; it is left as it is", wanted_.name, type,
                       source_name(caller_, wanted_.target)));
      return false;
    }
    const Shown shown = read_relation(property);
    if (shown.target != wanted_.target) {
      note(fmt::format("{} is a relation to {}, not to {}; it is left as it is", wanted_.name,
                       source_name(caller_, shown.target), source_name(caller_, wanted_.target)));
      return false;
    }
    if (two_way() && !shown.dual) {
      note(fmt::format("{} is a one-way relation, not two-way with {}; it is left as it is", wanted_.name,
                       wanted_.two_way));
      return false;
    }
    return true;
  }

  Status name_end(bool added) {
    const Shown shown = read_relation(*there());
    const bool named = shown.end_name == wanted_.two_way ||
                       std::ranges::find(wanted_.two_way_also, shown.end_name) != wanted_.two_way_also.end();
    if (named) return {};
    // What a person called it stays. What Notion called it may be left from a setup that was cut off.
    if (!added && !shown.end_name.starts_with(default_end)) {
      note(fmt::format("the other end of {} is called \"{}\", not \"{}\"; it is left as it is", wanted_.name,
                       shown.end_name, wanted_.two_way));
      return {};
    }
    return rename_end(shown);
  }

  Status rename_end(const Shown& shown) {
    Result<json::value> other = get_source(caller_, wanted_.target);
    if (!other) return fail(other.error());
    if (property_named(*other, wanted_.two_way)) {
      note(
          fmt::format("the other end of {} is called \"{}\" and stays so, for {} has another property \"{}\". Rename "
                      "or remove that one, then run setup again",
                      wanted_.name, shown.end_name, source_name(caller_, wanted_.target), wanted_.two_way));
      return {};
    }
    const std::string key = shown.end_id.empty() ? shown.end_name : encode_id(shown.end_id);
    Result<Patched> after =
        patch_property(caller_, wanted_.target, key, json::object{{"name", wanted_.two_way}}, shown.end_name);
    if (!after) return fail(after.error());
    if (!property_named(after->source, wanted_.two_way)) return fail(not_made(*after, shown.end_name, "rename"));
    if (to_itself()) source_ = std::move(after->source);
    change_.done.push_back(fmt::format("named the other end of {} \"{}\"", wanted_.name, wanted_.two_way));
    return {};
  }

  Caller& caller_;
  const std::string& id_;
  const WantedRelation& wanted_;
  json::value& source_;
  SchemaChange& change_;
};

// The other names of the back end that another pair maps to this relation.
std::vector<std::string> names_of_end(const Neighbours& neighbours, const Relation& relation) {
  const auto other = std::ranges::find(neighbours.pairs, relation.to, &PairSpec::model);
  if (other == neighbours.pairs.end()) return {};
  const auto end = std::ranges::find(other->fields, relation.two_way, &Field::property);
  return end == other->fields.end() ? std::vector<std::string>() : end->also;
}

}  // namespace

std::vector<WantedRelation> wanted_relations(const PairSpec& spec, const Neighbours& neighbours) {
  std::vector<WantedRelation> wanted;
  for (const Field& field : spec.fields) {
    const Relation& relation = field.relation;
    if (relation.kind != Relation::Kind::column && relation.kind != Relation::Kind::join) continue;
    const auto known = neighbours.sources.find(relation.to);
    if (known == neighbours.sources.end() || known->second.empty()) continue;
    std::vector<std::string> end_also;
    if (!relation.two_way.empty()) end_also = names_of_end(neighbours, relation);
    wanted.push_back({field.property, field.also, known->second, relation.two_way, std::move(end_also)});
  }
  return wanted;
}

Result<SchemaChange> add_relations(Caller& caller, const std::string& data_source,
                                   std::span<const WantedRelation> relations) {
  Result<json::value> source = get_source(caller, data_source);
  if (!source) return fail(source.error());
  SchemaChange change;
  for (const auto& wanted : relations) {
    if (Status status = Work(caller, data_source, wanted, *source, change).run(); !status) return fail(status.error());
  }
  Result<SourceSchema> schema = read_source(*source);
  if (!schema) return fail(schema.error());
  change.schema = std::move(*schema);
  return change;
}

}  // namespace rowpage
