-- Functions are no migrations any more: those of a program are installed as a whole, and this tells which are.
alter table rowpage.meta add column functions text not null default '';
comment on column rowpage.meta.functions is 'Digest of the functions installed; a program works with its own only.';

-- Answers live until the next batch: not worth compressing.
alter table rowpage.applied alter column answer set storage external;
