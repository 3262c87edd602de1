#include "cli/inbox.h"

#include "core/text.h"

namespace rowpage {
namespace {

// ISO 8601 in UTC, whatever the session's settings.
#define UTC(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

std::optional<std::string> optional_text(const Answer& answer, int row, int column) {
  const auto cell = answer.cell(row, column);
  if (!cell) return std::nullopt;
  return std::string(*cell);
}

json::value json_cell(const Answer& answer, int row, int column) {
  const auto cell = answer.cell(row, column);
  if (!cell) return nullptr;
  auto value = parse_json(*cell);
  return value ? std::move(*value) : json::value(nullptr);
}

// Runs a query whose $1 is the workspace; nullopt where nothing is installed.
Result<std::optional<Answer>> ask(Session& session, const std::string& sql, Parameters more, std::string_view doing) {
  auto installed = session.store().installed();
  if (!installed) return fail(installed.error());
  if (!*installed) return std::optional<Answer>();
  more.insert(more.begin(), Parameter(session.config().name));
  auto answer = session.database().read(sql, more, doing);
  if (!answer) return fail(answer.error());
  return std::optional<Answer>(std::move(*answer));
}

}  // namespace

Result<Waiting> count_waiting(Session& session) {
  auto answer =
      ask(session,
          "select (select count(*) from rowpage.conflict c join rowpage.pair p on p.id = c.pair"
          "          where p.workspace = $1 and c.winner is null and c.resolved_at is null),"
          "       count(*) filter (where w.kind in ('parked', 'held')), count(*) filter (where w.kind = 'waiting')"
          "  from rowpage.parked w join rowpage.pair p on p.id = w.pair where p.workspace = $1",
          {}, "count what waits");
  if (!answer) return fail(answer.error());
  if (!*answer) return Waiting{};
  return Waiting{(*answer)->integer(0, 0), (*answer)->integer(0, 1), (*answer)->integer(0, 2)};
}

Result<std::vector<PairStatus>> pair_statuses(Session& session) {
  auto answer =
      ask(session,
          "select p.model, p.table_schema || '.' || p.table_name, p.data_source, " UTC("p.watermark") ", " UTC("p.full_scan_at")
          ", case when p.watermark is not null then greatest(0, floor(extract(epoch from clock_timestamp() -"
          " p.watermark)))::bigint end, p.first_sync_done,"
          " (select count(*) from rowpage.link l where l.pair = p.id and l.page_live and l.row_live),"
          " (select count(*) from rowpage.pending q where q.pair = p.id),"
          " (select count(*) from rowpage.change_log q where q.pair = p.id),"
          " (select count(*) from rowpage.conflict c where c.pair = p.id and c.winner is null and c.resolved_at is null),"
          " (select count(*) from rowpage.parked w where w.pair = p.id and w.kind in ('parked', 'held')),"
          " (select count(*) from rowpage.parked w where w.pair = p.id and w.kind = 'waiting'),"
          " (select count(*) from rowpage.errand e where e.pair = p.id and e.kind <> 'look')"
          " from rowpage.pair p where p.workspace = $1 order by p.id",
          {}, "read the state of the pairs");
  if (!answer) return fail(answer.error());
  std::vector<PairStatus> out;
  if (!*answer) return out;
  const Answer& a = **answer;
  for (int row = 0; row < a.rows(); ++row) {
    PairStatus status;
    status.model = a.text(row, 0);
    status.table = a.text(row, 1);
    status.data_source = a.text(row, 2);
    status.watermark = optional_text(a, row, 3);
    status.full_scan = optional_text(a, row, 4);
    if (!a.null(row, 5)) status.lag_s = a.integer(row, 5);
    status.first_sync_done = a.flag(row, 6);
    status.links = a.integer(row, 7);
    status.pending = a.integer(row, 8);
    status.queued = a.integer(row, 9);
    status.waiting = {a.integer(row, 10), a.integer(row, 11), a.integer(row, 12)};
    status.pending_links = a.integer(row, 13);
    out.push_back(std::move(status));
  }
  return out;
}

Result<std::optional<RunRow>> last_run(Session& session) {
  auto answer = ask(session,
                    "select id, command, direction, outcome, " UTC("started_at") ", " UTC(
                        "finished_at") ", detail::text from rowpage.run where workspace = $1 order by id desc limit 1",
                    {}, "read the last run");
  if (!answer) return fail(answer.error());
  if (!*answer || (*answer)->rows() == 0) return std::optional<RunRow>();
  const Answer& a = **answer;
  RunRow run;
  run.id = a.integer(0, 0);
  run.command = a.text(0, 1);
  run.direction = a.text(0, 2);
  run.outcome = optional_text(a, 0, 3);
  run.started = a.text(0, 4);
  run.finished = optional_text(a, 0, 5);
  run.detail = json_cell(a, 0, 6);
  return std::optional<RunRow>(std::move(run));
}

Result<std::vector<ConflictRow>> conflict_rows(Session& session, std::int64_t id, bool open_only, std::size_t limit) {
  auto answer = ask(session,
                    "select c.id, p.model, c.row_key, c.page_id, c.field, " UTC(
                        "c.at") ", c.reason, c.winner, " UTC("c.page_at") ", " UTC("c.row_at")
                    ", c.page::text, c.row::text, c.base_page::text, c.base_row::text"
                    " from rowpage.conflict c join rowpage.pair p on p.id = c.pair where p.workspace = $1"
                    " and ($2::bigint = 0 or c.id = $2::bigint)"
                    " and (not $3::boolean or (c.winner is null and c.resolved_at is null))"
                    " order by c.id desc limit $4::bigint",
                    {std::to_string(id), open_only ? "true" : "false", std::to_string(limit)}, "read the conflicts");
  if (!answer) return fail(answer.error());
  std::vector<ConflictRow> out;
  if (!*answer) return out;
  const Answer& a = **answer;
  for (int row = 0; row < a.rows(); ++row) {
    ConflictRow each;
    each.id = a.integer(row, 0);
    each.model = a.text(row, 1);
    each.key = a.text(row, 2);
    each.page_id = a.text(row, 3);
    each.field = a.text(row, 4);
    each.at = a.text(row, 5);
    each.reason = a.text(row, 6);
    each.winner = optional_text(a, row, 7);
    if (each.winner) each.winner = ascii_lower(*each.winner);
    each.page_at = optional_text(a, row, 8);
    each.row_at = optional_text(a, row, 9);
    each.page = json_cell(a, row, 10);
    each.row = json_cell(a, row, 11);
    each.base_page = json_cell(a, row, 12);
    each.base_row = json_cell(a, row, 13);
    out.push_back(std::move(each));
  }
  return out;
}

Result<std::vector<ParkedRow>> parked_rows(Session& session, std::int64_t id, std::size_t limit) {
  auto answer = ask(session,
                    "select w.id, p.model, w.kind, w.row_key, w.page_id, w.reason, w.hint, " UTC("w.at") ", " UTC("w.next_try_at")
                    ", w.attempts from rowpage.parked w join rowpage.pair p on p.id = w.pair where p.workspace = $1"
                    " and ($2::bigint = 0 or w.id = $2::bigint) order by w.id limit $3::bigint",
                    {std::to_string(id), std::to_string(limit)}, "read the parked records");
  if (!answer) return fail(answer.error());
  std::vector<ParkedRow> out;
  if (!*answer) return out;
  const Answer& a = **answer;
  for (int row = 0; row < a.rows(); ++row) {
    ParkedRow each;
    each.id = a.integer(row, 0);
    each.model = a.text(row, 1);
    each.kind = a.text(row, 2);
    each.key = a.text(row, 3);
    each.page_id = a.text(row, 4);
    each.reason = a.text(row, 5);
    each.hint = a.text(row, 6);
    each.at = a.text(row, 7);
    each.next_try = a.text(row, 8);
    each.attempts = a.integer(row, 9);
    out.push_back(std::move(each));
  }
  return out;
}

#undef UTC

}  // namespace rowpage
