#include "cli/setup_work.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "core/text.h"
#include "notion/setup.h"
#include "postgres/introspect.h"

namespace rowpage {

TableSpec table_spec(const PairSpec& spec, const WantedTable& wanted) {
  TableSpec out;
  const auto name = split_table_name(spec.table);
  out.schema = name.schema;
  out.name = name.name;
  out.comment = spec.model + ", kept in step with Notion by Rowpage";
  out.primary_key = spec.key;
  for (const auto& column : wanted.columns) {
    ColumnSpec as;
    as.name = column.name;
    as.type = column.sql_type;
    as.not_null = column.not_null;
    as.otherwise = column.default_sql;
    out.columns.push_back(std::move(as));
  }
  for (const auto& index : wanted.indexes) out.indexes.push_back({index.name, index.columns});
  if (!spec.book.updated_at_column.empty()) {
    out.touch_function = "update_updated_at_column";
    out.touch_trigger = "update_" + name.name + "_updated_at";
  }
  return out;
}

Result<NotionSetup> set_up_notion(Session& session, std::size_t index) {
  const auto& spec = session.config().pairs[index];
  const auto& wanted = session.config().wanted[index];
  const auto properties = wanted_properties(spec);
  Caller& caller = session.notion().caller();
  NotionSetup out;
  if (!spec.data_source.empty() || !spec.database.empty()) {
    auto found = session.find_source(spec);
    if (!found) return fail(found.error());
    out.source = std::move(*found);
  } else {
    const auto& parent = session.config().connections.parent_page;
    if (parent.empty()) return fail(missing_variables({"NOTION_PARENT_PAGE_ID"}));
    auto made = make_database(caller, parent, wanted.title, properties);
    if (!made) return fail(made.error());
    if (made->adopted) {
      out.notes.push_back("found the database \"" + wanted.title + "\"");
    } else {
      out.done.push_back("created the database \"" + wanted.title + "\"");
    }
    out.made = true;
    out.source = std::move(made->schema);
    session.name_database(index, out.source.database);
  }
  auto changed = add_properties(caller, out.source.data_source, properties);
  if (!changed) return fail(changed.error());
  out.source = std::move(changed->schema);
  out.done.insert(out.done.end(), changed->done.begin(), changed->done.end());
  out.notes.insert(out.notes.end(), changed->notes.begin(), changed->notes.end());
  return out;
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
