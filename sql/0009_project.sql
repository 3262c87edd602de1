-- The project of Supabase that this database is. A copy of a whole cluster (a backup restored into another project, a branch) has
-- everything of its original but this.
alter table rowpage.meta add column project text not null default '';
comment on column rowpage.meta.project is 'Supabase''s reference of the project, where a runner knew it; empty: none did yet.';
