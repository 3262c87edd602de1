-- What links leave to do.
create table rowpage.errand (
  id bigint generated always as identity primary key,
  pair bigint not null references rowpage.pair (id) on delete cascade,
  kind text not null,
  row_key text collate "C" not null default '',
  page_id text not null default '',
  field text not null default '',
  other text collate "C" not null default '',
  to_schema text not null default '',
  to_table text not null default '',
  at timestamptz not null default clock_timestamp()
);
alter table rowpage.pair add column properties jsonb not null default '{}';
comment on column rowpage.pair.properties is 'Of the last run: {"field": "id of its property"}. A property made anew has agreed with nothing yet.';
create unique index errand_once on rowpage.errand (pair, kind, row_key, page_id, field, other);
create index errand_row on rowpage.errand (pair, row_key) where row_key <> '';
create index errand_page on rowpage.errand (pair, page_id) where page_id <> '';
comment on table rowpage.errand is 'What links left to do: records that wait for the other end of a link, pages to look at, links to write from their back end.';
comment on column rowpage.errand.other is 'await_page: key of the row whose page is awaited; await_row: the page whose row is; else the page at the other end.';
comment on column rowpage.errand.to_table is 'With to_schema: table of the pair that `other` belongs to, where it is awaited.';
