#include "postgres/migrations.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "postgres/sql_text.h"

namespace rowpage {

std::span<const EmbeddedFile> sql_files();

namespace {

Error newer_schema(int version, const std::string& place) {
  return Error{.effect = Effect::none,
               .scope = Scope::workspace,
               .cause = Cause::incompatible,
               .what = "the rowpage schema in " + place + " has version " + std::to_string(version) +
                       ", this program knows up to " + std::to_string(program_schema_version()),
               .hint = "Use the newer rowpage that installed it."};
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = [] {
    std::vector<Migration> list;
    for (const auto& file : sql_files()) {
      Migration migration{.name = file.name, .text = file.text};
      std::from_chars(file.name.data(), file.name.data() + file.name.size(), migration.version);
      list.push_back(migration);
    }
    std::ranges::sort(list, {}, &Migration::version);
    return list;
  }();
  return all;
}

int program_schema_version() {
  return migrations().back().version;
}

Result<int> installed_schema_version(Unit& unit) {
  constexpr const char* doing = "looking for the rowpage schema";
  auto there = unit.run(
      "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = 'rowpage' and c.relname = 'meta')",
      {}, doing);
  if (!there) return fail(there.error());
  if (!there->flag(0, 0)) return 0;
  auto version = unit.run("select schema_version from rowpage.meta", {}, doing);
  if (!version) return fail(version.error());
  return version->rows() == 0 ? 0 : static_cast<int>(version->integer(0, 0));
}

Result<bool> check_installed(Database& database) {
  auto version = database.read<int>([](Unit& unit) { return installed_schema_version(unit); });
  if (!version) return fail(version.error());
  if (*version == 0) return false;
  if (*version > program_schema_version()) return fail(newer_schema(*version, database.place()));
  if (*version < program_schema_version()) {
    return fail(Error{.effect = Effect::none,
                      .scope = Scope::workspace,
                      .cause = Cause::schema_drift,
                      .what = "the rowpage schema in " + database.place() + " has version " + std::to_string(*version) +
                              ", this program needs " + std::to_string(program_schema_version()),
                      .hint = "Run `rowpage setup --side postgres` to bring it up to date."});
  }
  return true;
}

std::string migration_script(int from) {
  std::string script;
  for (const auto& migration : migrations()) {
    if (migration.version <= from) continue;
    script += "-- " + std::string(migration.name) + "\n" + std::string(migration.text);
    script += "insert into rowpage.migration (version, name) values (" + std::to_string(migration.version) + ", " +
              quote_literal(migration.name) +
              ");\nupdate rowpage.meta set schema_version = " + std::to_string(migration.version) + " where true;\n\n";
  }
  if (!script.empty()) script += "select rowpage.secure();\nselect rowpage.expose();\n";
  return script;
}

Status migrate(Database& database) {
  auto done = database.write<int>([&](Unit& unit) -> Result<int> {
    auto lock = unit.run("select pg_advisory_xact_lock(hashtextextended('rowpage schema', 0))", {},
                         "waiting for another setup");
    if (!lock) return fail(lock.error());
    auto version = installed_schema_version(unit);
    if (!version) return version;
    if (*version > program_schema_version()) return fail(newer_schema(*version, database.place()));
    const std::string script = migration_script(*version);
    if (script.empty()) return *version;
    if (Status status = unit.script(script, "installing the rowpage schema"); !status) {
      Error error = status.error();
      if (unit.sqlstate() == "42501") {
        error.hint = "The role needs CREATE on the database. As the owner: GRANT CREATE ON DATABASE " +
                     quote_ident(unit.database()) + " TO " + quote_ident(database.role()) + ";";
      }
      return fail(std::move(error));
    }
    return program_schema_version();
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace rowpage
