#include "postgres/store.h"

#include <algorithm>

#include <unistd.h>
#include <cmath>

#include "base/digest.h"
#include "postgres/batch_json.h"
#include "postgres/capture.h"
#include "postgres/migrations.h"
#include "postgres/sql_text.h"

namespace rowpage {
namespace {

constexpr Millis heard_lasts_ms = second_ms;  // how long a time heard with another answer saves the question

constexpr const char* pair_id =
    "(select p.id from rowpage.pair p where p.workspace = $1 and p.data_source = $2 and p.table_schema = $3 and "
    "p.table_name = $4)";

Parameters identity_of(const Pair& pair) {
  return {pair.workspace, pair.data_source, pair.schema_name, pair.table_name};
}

std::string ms_of(const std::string& column) {
  return "(extract(epoch from " + column + ") * 1000)::bigint";
}

// 0 for what is no number an integer holds.
std::int64_t integer_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  const double number = as_number(value).value_or(0);
  return std::abs(number) < 9e18 ? static_cast<std::int64_t>(number) : 0;
}

std::int64_t integer_member(const json::value& object, std::string_view key) {
  const json::value* member = find(object, key);
  return member == nullptr ? 0 : integer_of(*member);
}

std::optional<Millis> optional_ms(const Answer& answer, int row, int column) {
  if (answer.null(row, column)) return std::nullopt;
  return answer.integer(row, column);
}

json::value json_cell(const Answer& answer, int row, int column) {
  auto parsed = parse_json(answer.text(row, column));
  return parsed ? std::move(*parsed) : json::value(nullptr);
}

Times times_of(const RowShape& shape, std::size_t fields, const json::value& object) {
  Times times;
  if (!object.is_object() || object.get_object().empty()) return times;
  times.resize(fields);
  for (const auto& [column, ms] : object.get_object()) {
    const auto field = shape.field_named(column);
    if (field) times[*field] = integer_of(ms);
  }
  return times;
}

std::string this_process() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(getpid()) + ":" + random_uuid().substr(0, 8);
}

}  // namespace

PostgresStore::PostgresStore(Database& database, Clock& clock)
    : database_(database), clock_(clock), holder_(this_process()) {}

Result<bool> PostgresStore::installed() {
  if (installed_) return true;
  auto there = check_installed(database_);
  if (there) installed_ = *there;
  return there;
}

Result<Millis> PostgresStore::now() {
  const Millis since = clock_.monotonic() - heard_ms_;
  if (heard_now_ms_ && since >= 0 && since <= heard_lasts_ms) return *heard_now_ms_ + since;
  auto answer = database_.read("select " + ms_of("clock_timestamp()"), {}, "asking the time");
  if (!answer) return fail(answer.error());
  return answer->integer(0, 0);
}

Result<Lease> PostgresStore::acquire(const std::string& workspace, Millis ttl_ms, Millis wait_ms) {
  const Millis until = clock_.monotonic() + wait_ms;
  const std::string request = to_text(json::object{{"workspace", workspace}, {"holder", holder_}, {"ttl_ms", ttl_ms}});
  while (true) {
    auto text = database_.call("acquire", request, "taking the lease of workspace " + workspace);
    if (!text) return fail(text.error());
    auto answer = parse_json(*text);
    if (!answer) return fail(answer.error());
    const auto busy = find_string(*answer, "busy");
    if (find(*answer, "busy") == nullptr) {
      return Lease{integer_member(*answer, "fence"), integer_member(*answer, "now_ms"),
                   integer_member(*answer, "expires_ms")};
    }
    const Millis left = until - clock_.monotonic();
    if (left <= 0) {
      return fail(Error{.effect = Effect::none,
                        .scope = Scope::workspace,
                        .cause = Cause::lease_lost,
                        .what = "workspace " + workspace + " is being synced by " + std::string(busy) + " until " +
                                format_utc(integer_member(*answer, "until_ms")),
                        .hint = "Wait for it (--wait), or stop it; a runner that died lets go at that time."});
    }
    const Millis expires_in = integer_member(*answer, "until_ms") - integer_member(*answer, "now_ms");
    if (!clock_.sleep(std::max<Millis>(1, std::min({left, expires_in, second_ms})))) {
      return fail(Error{
          .scope = Scope::workspace, .cause = Cause::interrupted, .what = "interrupted while waiting for the lease"});
    }
  }
}

Result<Lease> PostgresStore::renew(const std::string& workspace, const Lease& lease, Millis ttl_ms) {
  auto text = database_.call(
      "renew", to_text(json::object{{"workspace", workspace}, {"fence", lease.fence}, {"ttl_ms", ttl_ms}}),
      "renewing the lease of workspace " + workspace);
  if (!text) return fail(text.error());
  auto answer = parse_json(*text);
  if (!answer) return fail(answer.error());
  return Lease{lease.fence, integer_member(*answer, "now_ms"), integer_member(*answer, "expires_ms")};
}

Status PostgresStore::release(const std::string& workspace, const Lease& lease) {
  auto text = database_.call("release", to_text(json::object{{"workspace", workspace}, {"fence", lease.fence}}),
                             "giving back the lease of workspace " + workspace);
  if (!text) return fail(text.error());
  return {};
}

Result<std::optional<Answer>> PostgresStore::state_of(const Pair& pair, const std::string& sql, Parameters more,
                                                      std::string_view doing) {
  auto there = installed();
  if (!there) return fail(there.error());
  if (!*there) return std::optional<Answer>();
  Parameters parameters = identity_of(pair);
  for (auto& parameter : more) parameters.push_back(std::move(parameter));
  auto answer = database_.read(sql, parameters, doing);
  if (!answer) return fail(answer.error());
  return std::optional<Answer>(std::move(*answer));
}

namespace {

std::map<std::string, std::string> properties_of(std::string_view text) {
  std::map<std::string, std::string> properties;
  const auto object = parse_json(text);
  if (!object || !object->is_object()) return properties;
  for (const auto& [name, id] : object->get_object()) {
    if (id.is_string()) properties.emplace(name, id.get_string());
  }
  return properties;
}

}  // namespace

Result<PairState> PostgresStore::load(const Pair& pair) {
  auto there = installed();
  if (!there) return fail(there.error());
  if (!*there) return PairState{};
  const Statement statements[] = {
      {"select p.id, " + ms_of("p.watermark") + ", " + ms_of("p.full_scan_at") +
           ", p.first_sync_done, p.scan_needed, p.fingerprint, p.bot_id, p.source_schema, " +
           ms_of("p.source_schema_at") +
           ", p.trash_query, p.trash_search, p.database_identity, p.database_identity = rowpage.database_identity(), "
           "exists (select from rowpage.link l where l.pair = p.id and l.page_live and l.row_live), "
           "p.stranded_pages, p.properties::text "
           "from rowpage.pair p where p.id = " +
           pair_id,
       identity_of(pair)},
      capture_question(pair),
      {"select " + ms_of("clock_timestamp()"), {}}};
  auto answers = database_.read(statements, "loading the state of " + pair.model);
  if (!answers) return fail(answers.error());
  const Answer* answer = &answers->front();
  heard_now_ms_ = answers->back().integer(0, 0);
  heard_ms_ = clock_.monotonic();
  PairState state;
  if (answer->rows() == 1) {
    const bool stored = !answer->text(0, 11).empty();
    state.has_links = answer->flag(0, 13);
    if (stored && answer->flag(0, 12)) {
      state.known = true;
      state.watermark_ms = optional_ms(*answer, 0, 1);
      state.full_scan_ms = optional_ms(*answer, 0, 2);
      state.first_sync_done = answer->flag(0, 3);
      state.scan_needed = answer->flag(0, 4);
      state.stranded_pages = answer->flag(0, 14);
      state.fingerprint = std::string(answer->text(0, 5));
      state.properties = properties_of(answer->text(0, 15));
      state.bot_id = std::string(answer->text(0, 6));
      state.schema_json = std::string(answer->text(0, 7));
      state.schema_ms = answer->null(0, 8) ? 0 : answer->integer(0, 8);
      if (!answer->null(0, 9)) state.trash_query = answer->flag(0, 9);
      if (!answer->null(0, 10)) state.trash_search = answer->flag(0, 10);
    } else if (stored) {
      state.elsewhere = state.scan_needed = true;  // once somebody says so: a first sync again
    }
  }
  const auto captures = capture_answer(pair, (*answers)[1]);
  state.capture_ready = answer->rows() == 1 && captures.size() >= captured_tables(pair);
  for (const auto& capture : captures) state.capture_ready &= capture.ready;
  return state;
}

Result<std::int64_t> PostgresStore::live_links(const Pair& pair, std::int64_t enough) {
  auto answer = state_of(pair,
                         std::string("select count(*) from (select from rowpage.link l where l.pair = ") + pair_id +
                             " and l.page_live and l.row_live limit $5::bigint) l",
                         {std::to_string(enough)}, "counting the links of " + pair.model);
  if (!answer) return fail(answer.error());
  return *answer ? (*answer)->integer(0, 0) : std::int64_t{0};
}

Result<std::vector<Link>> PostgresStore::links(const Pair& pair, const std::string& condition, Parameters more) {
  const std::string columns = "l.row_key, l.page_id, l.nonce, l.page_shadow, l.row_shadow, l.page_live, l.row_live, " +
                              ms_of("l.page_edited_at") +
                              ", l.page_seen, l.row_seen, l.choices, l.unsettled::text, l.page_noted";
  auto answer =
      state_of(pair, "select " + columns + " from rowpage.link l where l.pair = " + pair_id + " and " + condition,
               std::move(more), "reading links of " + pair.model);
  if (!answer) return fail(answer.error());
  std::vector<Link> list;
  if (!*answer) return list;
  const RowShape shape(pair);
  const Answer& rows = **answer;
  for (int i = 0; i < rows.rows(); ++i) {
    Link link{.key = std::string(rows.text(i, 0)),
              .page_id = std::string(rows.text(i, 1)),
              .nonce = std::string(rows.text(i, 2))};
    const json::value page_shadow = json_cell(rows, i, 3);
    for (const auto& field : pair.fields) {
      const json::value* stored = find(page_shadow, field.column);
      link.page_shadow.push_back(stored == nullptr ? Value(Null{}) : value_from_json(*stored).value_or(Value(Null{})));
      // A field mapped since: the halves never agreed in it. A back end has one half only.
      if (stored == nullptr && field.relation.kind != Relation::Kind::back)
        link.unsettled.push_back(link.page_shadow.size() - 1);
    }
    link.row_shadow = shape.shadow_from_json(json_cell(rows, i, 4));
    link.page_live = rows.flag(i, 5);
    link.row_live = rows.flag(i, 6);
    link.page_edited_ms = rows.null(i, 7) ? 0 : rows.integer(i, 7);
    link.page_seen = times_of(shape, pair.fields.size(), json_cell(rows, i, 8));
    link.row_seen = times_of(shape, pair.fields.size(), json_cell(rows, i, 9));
    const json::value choices = json_cell(rows, i, 10);
    if (choices.is_object()) {
      for (const auto& [column, side] : choices.get_object()) {
        const auto field = shape.field_named(column);
        if (field && side.is_string()) {
          link.choices.emplace_back(*field,
                                    side.get_string() == side_word(Side::notion) ? Side::notion : Side::supabase);
        }
      }
    }
    for (const auto& column : parse_array(rows.text(i, 11)).value_or(std::vector<std::string>{})) {
      const auto field = shape.field_named(column);
      if (field && std::ranges::find(link.unsettled, *field) == link.unsettled.end()) link.unsettled.push_back(*field);
    }
    link.page_noted = rows.flag(i, 12);
    list.push_back(std::move(link));
  }
  return list;
}

Result<std::vector<Link>> PostgresStore::links_of_pages(const Pair& pair, std::span<const std::string> page_ids) {
  if (page_ids.empty()) return std::vector<Link>{};
  return links(pair, "l.page_id <> '' and l.page_id = any($5::text[])", {array_literal(page_ids)});
}

Result<std::vector<Link>> PostgresStore::links_of_rows(const Pair& pair, std::span<const std::string> keys) {
  if (keys.empty()) return std::vector<Link>{};
  return links(pair, "l.row_key <> '' and l.row_key = any($5::text[])", {array_literal(keys)});
}

Result<std::vector<Link>> PostgresStore::links_after(const Pair& pair, const std::string& after_key,
                                                     std::size_t limit) {
  return links(pair, "l.row_key <> '' and l.row_key > $5 order by l.row_key limit $6::bigint",
               {after_key, std::to_string(limit)});
}

Result<std::vector<Link>> PostgresStore::links_unnoted(const Pair& pair, std::size_t limit) {
  return links(pair,
               "not l.page_noted and l.page_live and l.row_live and l.row_key <> '' and l.page_id <> '' "
               "order by l.row_key limit $5::bigint",
               {std::to_string(limit)});
}

Result<std::vector<Pending>> PostgresStore::pending(const Pair& pair) {
  auto answer =
      state_of(pair,
               "select nonce, kind, row_key, page_id, intended, found, " + ms_of("noted_at") + ", " + ms_of("send_by") +
                   ", attempt from rowpage.pending where pair = " + pair_id + " order by noted_at, nonce",
               {}, "reading pending requests of " + pair.model);
  if (!answer) return fail(answer.error());
  std::vector<Pending> list;
  if (!*answer) return list;
  const RowShape shape(pair);
  const Answer& rows = **answer;
  for (int i = 0; i < rows.rows(); ++i) {
    list.push_back({.nonce = std::string(rows.text(i, 0)),
                    .kind = request_kind(rows.text(i, 1)).value_or(RequestKind::update),
                    .key = std::string(rows.text(i, 2)),
                    .page_id = std::string(rows.text(i, 3)),
                    .intended = changes_from_json(shape, json_cell(rows, i, 4)),
                    .found = changes_from_json(shape, json_cell(rows, i, 5)),
                    .noted_ms = rows.integer(i, 6),
                    .send_by_ms = rows.null(i, 7) ? 0 : rows.integer(i, 7),
                    .attempt = static_cast<int>(rows.integer(i, 8))});
  }
  return list;
}

Result<std::vector<NonceOwner>> PostgresStore::owners(const Pair& pair, std::span<const std::string> nonces) {
  std::vector<NonceOwner> list;
  for (const auto& nonce : nonces) list.push_back({.nonce = nonce});
  if (nonces.empty()) return list;
  auto answer = state_of(
      pair,
      "select n.i, "
      "case when l.id is not null then 'linked' when q.nonce is not null then 'pending' "
      "     when a.nonce is not null then 'abandoned' end, "
      "coalesce(l.row_key, q.row_key, a.row_key, ''), coalesce(l.page_id, ''), "
      "case when l.id is null and q.nonce is null then coalesce(a.intended, '{}') else '{}' end "
      "from unnest($5::text[]) with ordinality n(nonce, i) cross join (select " +
          std::string(pair_id) +
          " as id) p "
          "left join lateral (select * from rowpage.link l where l.pair = p.id and l.nonce = n.nonce and l.nonce <> '' "
          "  order by l.id limit 1) l on true "
          "left join rowpage.pending q on q.pair = p.id and q.nonce = n.nonce "
          "left join rowpage.abandoned a on a.pair = p.id and a.nonce = n.nonce",
      {array_literal(nonces)}, "looking up nonces of " + pair.model);
  if (!answer) return fail(answer.error());
  if (!*answer) return list;
  const RowShape shape(pair);
  const Answer& rows = **answer;
  for (int i = 0; i < rows.rows(); ++i) {
    NonceOwner& owner = list[static_cast<std::size_t>(rows.integer(i, 0)) - 1];
    const auto state = rows.text(i, 1);
    if (state == "linked") owner.state = NonceOwner::State::linked;
    if (state == "pending") owner.state = NonceOwner::State::pending;
    if (state == "abandoned") owner.state = NonceOwner::State::abandoned;
    owner.key = std::string(rows.text(i, 2));
    owner.page_id = std::string(rows.text(i, 3));
    owner.intended = changes_from_json(shape, json_cell(rows, i, 4));
  }
  return list;
}

Result<std::vector<Parked>> PostgresStore::waiting(const Pair& pair) {
  auto answer = state_of(pair,
                         "select id, kind, row_key, page_id, reason, hint, attempts, " + ms_of("next_try_at") +
                             " from rowpage.parked where pair = " + pair_id + " order by id",
                         {}, "reading parked records of " + pair.model);
  if (!answer) return fail(answer.error());
  std::vector<Parked> list;
  if (!*answer) return list;
  const Answer& rows = **answer;
  for (int i = 0; i < rows.rows(); ++i) {
    list.push_back({.kind = parked_kind(rows.text(i, 1)).value_or(Parked::Kind::parked),
                    .id = rows.integer(i, 0),
                    .key = std::string(rows.text(i, 2)),
                    .page_id = std::string(rows.text(i, 3)),
                    .reason = std::string(rows.text(i, 4)),
                    .hint = std::string(rows.text(i, 5)),
                    .attempts = static_cast<int>(rows.integer(i, 6)),
                    .next_try_ms = rows.integer(i, 7)});
  }
  return list;
}

Result<Committed> PostgresStore::commit(const Pair& pair, const Batch& batch) {
  const RowShape shape(pair);
  auto built = batch_to_json(pair, shape, batch);
  if (!built) return fail(built.error());
  const std::string token = random_uuid();
  (*built)["token"] = token;
  (*built)["forget"] = last_token_;
  const json::value request(std::move(*built));  // moved by name: to_text of an object would copy the whole batch
  auto answer = database_.call("commit", to_text(request), "storing records of " + pair.model, !batch.items.empty());
  if (!answer) return fail(answer.error());
  last_token_ = token;
  return committed_from_json(shape, batch.items.size(), *answer);
}

Result<std::int64_t> PostgresStore::start_run(const std::string& workspace, const Lease& lease, const RunSummary& run) {
  auto text = database_.call("start_run",
                             to_text(json::object{{"workspace", workspace},
                                                  {"fence", lease.fence},
                                                  {"ticket", random_uuid()},
                                                  {"command", run.command},
                                                  {"direction", run.direction}}),
                             "opening a run");
  if (!text) return fail(text.error());
  auto answer = parse_json(*text);
  if (!answer) return fail(answer.error());
  return integer_member(*answer, "run");
}

Status PostgresStore::finish_run(const std::string& workspace, const Lease& lease, const RunSummary& run) {
  auto detail = parse_json(run.detail.empty() ? std::string_view("{}") : std::string_view(run.detail));
  auto text = database_.call("finish_run",
                             to_text(json::object{{"workspace", workspace},
                                                  {"fence", lease.fence},
                                                  {"run", run.id},
                                                  {"outcome", run.outcome},
                                                  {"detail", detail ? *detail : json::value(run.detail)}}),
                             "closing a run");
  if (!text) return fail(text.error());
  return {};
}

Result<Store::Permits> PostgresStore::take_permits(const std::string& bot, std::size_t limit, std::size_t want) {
  auto text = database_.call("take_permits", to_text(json::object{{"bot", bot}, {"limit", limit}, {"want", want}}),
                             "asking for the request budget");
  if (!text) return fail(text.error());
  auto answer = parse_json(*text);
  if (!answer) return fail(answer.error());
  return Permits{static_cast<std::size_t>(integer_member(*answer, "granted")), integer_member(*answer, "wait_ms")};
}

}  // namespace rowpage
