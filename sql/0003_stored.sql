-- How a batch speaks of rows.
create type rowpage.stored as (
  o integer,          -- item
  row_key text,
  meta text[],        -- version, updated_ms, deleted, page id, checksum: as PostgreSQL now shows them
  after text[],       -- mapped columns as stored, in the pair's order; NULL for a deleted row
  before text[],
  written text[],     -- columns we asked to write
  derived text[]      -- mapped columns the database changed by itself (defaults, triggers)
);
comment on type rowpage.stored is 'A row as one write left it; used inside rowpage.commit().';
