-- Batch scoring: files that a version is to score, by the control server.

create table batch_jobs (
  id text primary key,
  model text not null references models (name),
  number integer not null,
  -- Pinned when the job was asked for.
  version integer not null,
  -- Paths below the project's folder for batch files, as they were asked for.
  input text collate "C" not null,
  output text collate "C" not null,
  overwrite boolean not null,
  state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  cancel_requested boolean not null default false,
  -- How far it was when it was last looked at; what is finished is told by the parts on disk.
  progress json,
  -- What became of the rows.
  result json,
  error json,
  actor text not null,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  unique (model, number),
  foreign key (model, version) references versions (model, number)
);
-- No two jobs write one file.
create unique index one_job_an_output on batch_jobs (output) where state in ('waiting', 'running');
create index open_batch_jobs on batch_jobs (created_at, id) where state in ('waiting', 'running');
