#include "postgres/migrations.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/digest.h"
#include "postgres/sql_text.h"

namespace rowpage {

std::span<const EmbeddedFile> migration_files();
std::span<const EmbeddedFile> function_files();

namespace {

// Those that triggers call stay and are replaced; of the others nothing depends on, and dropped first they may change
// their arguments, or go.
constexpr const char* drop_functions = R"(do $drop$
declare
  one regprocedure;
begin
  for one in select p.oid from pg_catalog.pg_proc p
              where p.pronamespace = 'rowpage'::regnamespace and p.prorettype <> 'trigger'::regtype loop
    execute 'drop function ' || one;
  end loop;
end
$drop$;

)";

const std::string& functions_digest() {
  static const std::string digest = [] {
    std::string all;
    for (const auto text : function_texts()) all += text;
    return sha256_hex(all).substr(0, 16);
  }();
  return digest;
}

}  // namespace

const std::vector<Migration>& migrations() {
  static const std::vector<Migration> all = [] {
    std::vector<Migration> list;
    for (const auto& file : migration_files()) {
      Migration migration{.name = file.name, .text = file.text};
      std::from_chars(file.name.data(), file.name.data() + file.name.size(), migration.version);
      list.push_back(migration);
    }
    std::ranges::sort(list, {}, &Migration::version);
    return list;
  }();
  return all;
}

const std::vector<std::string_view>& function_texts() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> list;
    for (const auto& file : function_files()) list.push_back(file.text);
    std::ranges::sort(list);  // for the digest: whatever order the build gives
    return list;
  }();
  return all;
}

int program_schema_version() {
  return migrations().back().version;
}

bool InstalledSchema::current() const {
  return version == program_schema_version() && functions == functions_digest();
}

std::string InstalledSchema::described() const {
  return "version " + std::to_string(version) +
         (version == program_schema_version() ? " with functions of another program" : "");
}

std::string InstalledSchema::step() const {
  return version == 0 ? "our own schema: links, shadows, history, queue" : "our own schema, from " + described();
}

Error newer_schema(const InstalledSchema& installed, const std::string& place) {
  return Error{.effect = Effect::none,
               .scope = Scope::workspace,
               .cause = Cause::incompatible,
               .what = "the rowpage schema in " + place + " has version " + std::to_string(installed.version) +
                       ", this program knows up to " + std::to_string(program_schema_version()),
               .hint = "Use the newer rowpage that installed it."};
}

Result<InstalledSchema> installed_schema(Unit& unit) {
  constexpr const char* doing = "looking for the rowpage schema";
  auto there = unit.run(
      "select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
      "where n.nspname = 'rowpage' and c.relname = 'meta')",
      {}, doing);
  if (!there) return fail(there.error());
  InstalledSchema installed;
  if (there->rows() == 0 || !there->flag(0, 0)) return installed;
  // (Before version 10 there was no such column.)
  auto meta =
      unit.run("select m.schema_version, pg_catalog.to_jsonb(m) ->> 'functions' from rowpage.meta m", {}, doing);
  if (!meta) return fail(meta.error());
  if (meta->rows() == 0) return installed;
  installed.version = static_cast<int>(meta->integer(0, 0));
  installed.functions = meta->text(0, 1);
  return installed;
}

Result<bool> check_installed(Database& database) {
  auto installed = database.read<InstalledSchema>([](Unit& unit) { return installed_schema(unit); });
  if (!installed) return fail(installed.error());
  if (installed->version == 0) return false;
  if (installed->newer()) return fail(newer_schema(*installed, database.place()));
  if (!installed->current()) {
    return fail(Error{.effect = Effect::none,
                      .scope = Scope::workspace,
                      .cause = Cause::schema_drift,
                      .what = "the rowpage schema in " + database.place() + " has " + installed->described() +
                              ", this program needs version " + std::to_string(program_schema_version()) +
                              " and its own functions",
                      .hint = "Run `rowpage setup --side postgres` to bring it up to date."});
  }
  return true;
}

std::string migration_script(const InstalledSchema& from) {
  if (from.current()) return {};
  std::string script;
  for (const auto& migration : migrations()) {
    if (migration.version <= from.version) continue;
    script += "-- " + std::string(migration.name) + "\n" + std::string(migration.text);
    script += "insert into rowpage.migration (version, name) values (" + std::to_string(migration.version) + ", " +
              quote_literal(migration.name) +
              ");\nupdate rowpage.meta set schema_version = " + std::to_string(migration.version) + " where true;\n\n";
  }
  script += drop_functions;
  for (const auto text : function_texts()) script += std::string(text) + "\n";
  return script + "update rowpage.meta set functions = " + quote_literal(functions_digest()) +
         " where true;\nselect rowpage.secure();\nselect rowpage.expose();\n";
}

Status migrate(Database& database) {
  auto done = database.write<bool>([&](Unit& unit) -> Result<bool> {
    auto lock = unit.run("select pg_advisory_xact_lock(hashtextextended('rowpage schema', 0))", {},
                         "waiting for another setup");
    if (!lock) return fail(lock.error());
    auto installed = installed_schema(unit);
    if (!installed) return fail(installed.error());
    if (installed->newer()) return fail(newer_schema(*installed, database.place()));
    const std::string script = migration_script(*installed);
    if (script.empty()) return true;
    if (Status status = unit.script(script, "installing the rowpage schema"); !status) {
      Error error = status.error();
      if (unit.sqlstate() == "42501") {
        error.hint = "The role needs CREATE on the database. As the owner: GRANT CREATE ON DATABASE " +
                     quote_ident(unit.database()) + " TO " + quote_ident(database.role()) + ";";
      }
      return fail(std::move(error));
    }
    return true;
  });
  if (!done) return fail(done.error());
  return {};
}

}  // namespace rowpage
