-- The tables of Rowpage's own schema: what the program knows, next to the rows it speaks about.
--
-- Times are timestamptz by the database's clock. Texts that stand for "none" are '' (keys, ids, nonces), so that unique
-- indexes can leave them out and nobody has to think about NULL. Values are kept in two forms:
--   of a row:   {"column": "text form as PostgreSQL writes it" | null}      exact, also for numeric and bigint
--   of a page:  {"column of the field": value}                              as base/json.h writes a Value
create schema if not exists rowpage;
comment on schema rowpage is 'State of Rowpage: links between Notion pages and rows, shadows, history, queue. Reading is safe.';

create table rowpage.meta (
  one boolean primary key default true check (one),
  schema_version integer not null,
  epoch uuid not null default gen_random_uuid(),
  change_log_limit bigint not null default 1000000 check (change_log_limit > 0),
  installed_at timestamptz not null default clock_timestamp()
);
comment on table rowpage.meta is 'One row: version of this schema, and the epoch drawn when it was installed.';
comment on column rowpage.meta.change_log_limit is 'Captured changes kept per pair; beyond it they become one entry that asks for a scan.';
insert into rowpage.meta (schema_version) values (0);

create table rowpage.migration (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null default clock_timestamp()
);
comment on table rowpage.migration is 'Migrations applied to this schema, each once.';

create table rowpage.workspace (
  name text primary key,
  holder text not null default '',
  fence bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  bot_id text not null default '',
  database_identity text not null default ''
);
comment on table rowpage.workspace is 'One Notion token and this database. The lease: who may run it, under which fence, until when.';
comment on column rowpage.workspace.fence is 'Grows with every lease; a commit under an older one is refused.';

create table rowpage.pair (
  id bigint generated always as identity primary key,
  workspace text not null,
  model text not null,
  data_source text not null,
  table_schema text not null,
  table_name text not null,
  key_column text not null,
  watermark timestamptz,
  full_scan_at timestamptz,
  first_sync_done boolean not null default false,
  scan_needed boolean not null default false,
  stranded_pages boolean not null default false,
  fingerprint text not null default '',
  bot_id text not null default '',
  source_schema text not null default '',
  source_schema_at timestamptz,
  trash_query boolean,
  trash_search boolean,
  database_identity text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  constraint pair_data_source_once unique (data_source),
  constraint pair_table_once unique (table_schema, table_name)
);
comment on table rowpage.pair is 'One Notion data source and one table. Either belongs to one pair only.';
comment on column rowpage.pair.watermark is 'Notion side: everything edited before this has been dealt with.';
comment on column rowpage.pair.fingerprint is 'Of the mapping last run; a changed mapping trips the brake.';
comment on column rowpage.pair.database_identity is 'Of the database that stored this state; another one means a restored or copied database.';

create table rowpage.link (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  nonce text not null default '',
  page_shadow jsonb not null default '{}',
  row_shadow jsonb not null default '{}',
  page_live boolean not null default true,
  row_live boolean not null default true,
  page_edited_at timestamptz,
  page_seen jsonb not null default '{}',
  row_seen jsonb not null default '{}',
  choices jsonb not null default '{}',
  unsettled text[] not null default '{}',
  page_noted boolean not null default false,
  updated_at timestamptz not null default clock_timestamp()
);
create unique index link_row_once on rowpage.link (pair, row_key) where row_key <> '';
create unique index link_page_once on rowpage.link (pair, page_id) where page_id <> '';
create index link_nonce on rowpage.link (pair, nonce) where nonce <> '';
comment on table rowpage.link is 'The tie between a page and a row, with the values last agreed on each side.';
comment on column rowpage.link.page_live is 'Whether the page existed when both sides last agreed.';
comment on column rowpage.link.row_live is 'Whether the row existed when both sides last agreed.';
create index link_unnoted on rowpage.link (pair, row_key) where not page_noted and page_live and row_live;
comment on column rowpage.link.page_noted is 'Whether the page shows the present bookkeeping (Synced, Last Synced, ...).';
comment on column rowpage.link.unsettled is 'Fields in which the halves never agreed yet.';
comment on column rowpage.link.choices is 'A person''s decisions on open conflicts: {"column": "notion" | "supabase"}.';

create table rowpage.pending (
  pair bigint not null references rowpage.pair (id) on delete cascade,
  nonce text not null,
  kind text not null,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  intended jsonb not null default '{}',
  found jsonb not null default '{}',
  noted_at timestamptz not null,
  send_by timestamptz,
  attempt integer not null default 1,
  primary key (pair, nonce)
);
comment on table rowpage.pending is 'Notion requests written down before they are sent, whose outcome is not settled yet.';
comment on column rowpage.pending.found is 'Of an update: what the page showed in those fields just before it was sent.';

create table rowpage.abandoned (
  pair bigint not null references rowpage.pair (id) on delete cascade,
  nonce text not null,
  row_key text collate "C" not null default '',
  intended jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  primary key (pair, nonce)
);
comment on table rowpage.abandoned is 'Creates given up. Their pages may still appear and are recognised by the nonce.';

create table rowpage.conflict (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  run bigint,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  field text not null,
  base_page jsonb, base_row jsonb, page jsonb, row jsonb,
  page_at timestamptz, row_at timestamptz,
  winner text,
  reason text not null default '',
  at timestamptz not null default clock_timestamp(),
  resolved_at timestamptz
);
create index conflict_open on rowpage.conflict (pair, row_key) where winner is null and resolved_at is null;
create index conflict_at on rowpage.conflict (pair, at);
comment on table rowpage.conflict is 'Fields changed on both sides: both values, the agreed one, who won and why. Open while winner and resolved_at are NULL.';

create table rowpage.parked (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  kind text not null,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  reason text not null,
  hint text not null default '',
  attempts integer not null default 0,
  next_try_at timestamptz not null,
  at timestamptz not null default clock_timestamp()
);
create index parked_due on rowpage.parked (pair, next_try_at);
create unique index parked_row_once on rowpage.parked (pair, row_key) where row_key <> '';
create unique index parked_page_once on rowpage.parked (pair, page_id) where page_id <> '';
comment on table rowpage.parked is 'Records that wait, each with its reason and when it is tried again.';

create table rowpage.run (
  id bigint generated always as identity primary key,
  workspace text not null,
  ticket uuid not null unique,
  command text not null,
  direction text not null default '',
  outcome text,
  detail jsonb,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz
);
create index run_started on rowpage.run (workspace, started_at);
comment on table rowpage.run is 'Every run with its figures. outcome NULL: under way, or killed.';

create table rowpage.history (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  run bigint,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  side text not null,
  action text not null,
  before jsonb,
  after jsonb,
  reason text not null default '',
  at timestamptz not null default clock_timestamp()
);
create index history_row on rowpage.history (pair, row_key);
create index history_page on rowpage.history (pair, page_id);
create index history_run on rowpage.history (run);
comment on table rowpage.history is 'Every write on either side, with the values before and after and the reason.';

create table rowpage.change_log (
  id bigint generated always as identity primary key,
  pair bigint not null,
  row_key text collate "C" not null default '',
  op text not null,
  columns text[] not null default '{}',
  origin text,
  at timestamptz not null default clock_timestamp()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index change_log_pair on rowpage.change_log (pair, id);
comment on table rowpage.change_log is 'Queue of changed keys, written by the capture triggers and emptied by runs. op: I, U, D, T (truncated).';
comment on column rowpage.change_log.origin is 'The batch that wrote it when that was Rowpage itself; NULL for everybody else.';

create table rowpage.request_budget (
  id bigint generated always as identity primary key,
  bot text not null,
  at timestamptz not null default clock_timestamp(),
  requests integer not null
);
create index request_budget_bot on rowpage.request_budget (bot, at);
comment on table rowpage.request_budget is 'Notion requests granted in the last minute, per bot, across all processes.';

create table rowpage.applied (
  token uuid primary key,
  workspace text not null,
  answer jsonb,
  at timestamptz not null default clock_timestamp()
);
create index applied_at on rowpage.applied (at);
comment on table rowpage.applied is 'Answers of recent batches: a batch whose COMMIT was lost asks here whether it happened.';
