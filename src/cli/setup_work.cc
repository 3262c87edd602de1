#include "cli/setup_work.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/runner.h"
#include "cli/source_cache.h"
#include "core/link_order.h"
#include "core/text.h"
#include "notion/relations.h"
#include "notion/setup.h"
#include "postgres/introspect.h"

namespace rowpage {

namespace {

const PairSpec* pair_named(const WorkspaceConfig& config, const std::string& model) {
  const auto found = std::ranges::find(config.pairs, model, &PairSpec::model);
  return found == config.pairs.end() ? nullptr : &*found;
}

// The type of a column that setup makes, in the table of this pair.
std::string type_of(const WorkspaceConfig& config, const PairSpec& pair, const std::string& column) {
  const auto index = static_cast<std::size_t>(&pair - config.pairs.data());
  for (const auto& wanted : config.wanted[index].columns) {
    if (wanted.name == column) return wanted.sql_type;
  }
  return "uuid";
}

ColumnSpec column_spec(const WorkspaceConfig& config, const WantedColumn& column) {
  ColumnSpec out;
  out.name = column.name;
  out.type = column.sql_type;
  out.not_null = column.not_null;
  out.otherwise = column.default_sql;
  out.unique = column.unique;
  out.check = column.check;
  out.labels = column.labels;
  const PairSpec* target = pair_named(config, column.references_model);
  if (target) {
    const auto name = split_table_name(target->table);
    out.to_schema = name.schema;
    out.to_table = name.name;
    out.to_column = column.references_column.empty() ? target->key : column.references_column;
    out.on_delete = column.on_delete;
  }
  return out;
}

JoinSpec join_spec(const WorkspaceConfig& config, const PairSpec& pair, const Relation& relation,
                   const PairSpec& target) {
  const auto name = split_table_name(relation.join);
  JoinSpec out;
  out.schema = name.schema;
  out.name = name.name;
  out.own = relation.own;
  out.own_table = pair.table;
  out.own_column = relation.own_references.empty() ? pair.key : relation.own_references;
  out.own_type = type_of(config, pair, out.own_column);
  out.other = relation.other;
  out.other_table = target.table;
  out.other_column = relation.references.empty() ? target.key : relation.references;
  out.other_type = type_of(config, target, out.other_column);
  return out;
}

}  // namespace

TableSpec table_spec(const WorkspaceConfig& config, std::size_t index) {
  const PairSpec& spec = config.pairs[index];
  const WantedTable& wanted = config.wanted[index];
  TableSpec out;
  const auto name = split_table_name(spec.table);
  out.schema = name.schema;
  out.name = name.name;
  out.comment = wanted.comment.empty() ? spec.model + ", kept in step with Notion by Rowpage" : wanted.comment;
  out.primary_key = spec.key;
  for (const auto& column : wanted.columns) out.columns.push_back(column_spec(config, column));
  for (const auto& each : wanted.indexes) out.indexes.push_back({each.name, each.columns});
  for (const auto& field : spec.fields) {
    const PairSpec* target = pair_named(config, field.relation.to);
    if (field.relation.kind == Relation::Kind::join && target)
      out.joins.push_back(join_spec(config, spec, field.relation, *target));
  }
  out.fills = wanted.fills;
  out.full_name = wanted.full_name;
  out.first_name = wanted.first_name;
  out.last_name = wanted.last_name;
  if (!spec.book.updated_at_column.empty()) {
    out.touch_function = "update_updated_at_column";
    out.touch_trigger = "update_" + name.name + "_updated_at";
  }
  return out;
}

std::vector<SetupInput> setup_inputs(const WorkspaceConfig& config, const std::vector<std::size_t>& indexes) {
  std::vector<const PairSpec*> specs;
  for (const std::size_t index : indexes) specs.push_back(&config.pairs[index]);
  std::vector<SetupInput> inputs;
  for (const std::size_t at : link_order(specs)) {
    const std::size_t index = indexes[at];
    inputs.push_back({draft_pair(config.pairs[index], config.name), table_spec(config, index)});
  }
  return inputs;
}

namespace {

std::vector<WantedProperty> all_properties(const WorkspaceConfig& config, std::size_t index) {
  auto properties = wanted_properties(config.pairs[index]);
  for (const auto& extra : config.wanted[index].extras) {
    WantedProperty property;
    property.name = extra.name;
    property.type = extra.type;
    property.expression = extra.expression;
    properties.push_back(std::move(property));
  }
  return properties;
}

void take_change(SchemaChange&& change, NotionSetup& out) {
  std::ranges::move(change.done, std::back_inserter(out.done));
  std::ranges::move(change.notes, std::back_inserter(out.notes));
}

}  // namespace

Result<NotionSetup> set_up_database(Session& session, std::size_t index) {
  const auto& spec = session.config().pairs[index];
  const auto& wanted = session.config().wanted[index];
  const auto properties = all_properties(session.config(), index);
  Caller& caller = session.notion().caller();
  NotionSetup out;
  SourceSchema source;
  if (!spec.data_source.empty() || !spec.database.empty()) {
    auto found = session.find_source(spec);
    if (!found) return fail(found.error());
    source = std::move(*found);
  } else {
    const auto& parent = session.config().connections.parent_page;
    if (parent.empty()) return fail(missing_variables({"NOTION_PARENT_PAGE_ID"}));
    auto made = make_database(caller, parent, WantedDatabase{wanted.title, wanted.also, wanted.icon, wanted.comment},
                              properties);
    if (!made) return fail(made.error());
    (made->adopted ? out.notes : out.done)
        .push_back((made->adopted ? "found the database \"" : "created the database \"") + made->schema.title + "\"");
    out.made = true;
    source = std::move(made->schema);
    session.name_database(index, source.database);
  }
  session.know_source(spec.model, source.data_source);
  out.database = source.database;
  auto changed = add_properties(caller, source.data_source, properties);
  if (!changed) return fail(changed.error());
  take_change(std::move(*changed), out);
  return out;
}

Result<NotionSetup> set_up_relations(Session& session, std::size_t index) {
  const auto& spec = session.config().pairs[index];
  Neighbours around;
  around.pairs = session.config().pairs;
  around.sources = session.sources();
  NotionSetup out;
  const auto relations = wanted_relations(spec, around);
  const auto source = around.sources.find(spec.model);
  if (relations.empty() || source == around.sources.end()) return out;
  auto changed = add_relations(session.notion().caller(), source->second, relations);
  if (!changed) return fail(changed.error());
  take_change(std::move(*changed), out);
  return out;
}

Result<NotionSetup> set_up_formulas(Session& session, std::size_t index) {
  const auto& spec = session.config().pairs[index];
  NotionSetup out;
  const auto properties = all_properties(session.config(), index);
  const auto source = session.sources().find(spec.model);
  const bool any = std::ranges::any_of(properties, [](const WantedProperty& one) { return one.type == "formula"; });
  if (!any || source == session.sources().end()) return out;
  auto changed = add_formulas(session.notion().caller(), source->second, properties);
  if (!changed) return fail(changed.error());
  take_change(std::move(*changed), out);
  return out;
}

Status verify_setup(Session& session, const std::vector<std::size_t>& indexes,
                    const std::function<void(const Pair&)>& fits) {
  std::vector<std::pair<std::size_t, SourceSchema>> sources;
  for (const std::size_t index : indexes) {
    auto source = session.find_source(session.config().pairs[index]);
    if (!source) return fail(source.error());
    sources.emplace_back(index, std::move(*source));
  }
  if (auto read = session.read_tables(indexes); !read) return fail(read.error());
  // The first sync need not ask again. One that runs just now holds the lease and knows the schemas itself.
  auto held = HeldLease::take(session, 0);
  std::vector<Error> unfit;  // all of them, so that one setup shows all there is to mend
  for (const auto& [index, source] : sources) {
    auto pair = session.resolve(index, source);
    if (!pair && pair.error().scope != Scope::workspace) {
      unfit.push_back(pair.error());
      continue;
    }
    if (!pair) return fail(pair.error());
    fits(*pair);
    if (!held) continue;
    if (auto known = remember_source(session, *pair, source, held->lease().fence, 0); !known) return known;
  }
  if (unfit.empty()) return {};
  Error error = unfit.front();
  for (std::size_t i = 1; i < unfit.size(); ++i) error.what += "\n" + unfit[i].what;
  error.hint = "What was made stays. Mend these and run `rowpage setup` again; `rowpage check` shows them, too.";
  return fail(std::move(error));
}

bool fill_env_file(const std::string& path, const std::string& name, const std::string& value) {
  std::ifstream in(path);
  std::string out, line;
  bool filled = false;
  while (std::getline(in, line)) {
    const auto text = trim(line);
    if (!filled && (text == name + "=" || text == "export " + name + "=")) {
      line = std::string(text) + value;
      filled = true;
    }
    out += line + "\n";
  }
  if (!filled) return false;
  in.close();
  // Into a new file with the old one's permissions (it holds secrets), then in its place: never half a .env.
  struct stat old {};
  const std::string temporary = path + ".new";
  if (::stat(path.c_str(), &old) != 0) return false;
  {
    std::ofstream file(temporary, std::ios::trunc);
    if (::chmod(temporary.c_str(), old.st_mode & 07777) != 0) return false;
    file << out;
    if (!file.flush()) {
      std::remove(temporary.c_str());
      return false;
    }
  }
  return std::rename(temporary.c_str(), path.c_str()) == 0;
}

}  // namespace rowpage
