-- The first state: models, drops, contracts, snapshots, runs, stages, versions, champions, events.
-- Migrations are forward-only: expand first, contract in a later release.

create table models (
  name text primary key,
  -- json, not jsonb: the order of the columns is kept.
  definition json not null,
  definition_hash text not null,
  -- Next number of a run, drop and version; numbers are never reused.
  next_run integer not null default 1,
  next_drop integer not null default 1,
  next_version integer not null default 1,
  -- A model taken out of the project file keeps its history.
  present boolean not null default true,
  updated_at timestamptz not null
);

create table drops (
  id text primary key,
  model text not null references models (name),
  source text not null,
  key text not null,
  -- What the source calls this state of the object.
  source_version text not null,
  sha256 text not null,
  object text not null,
  bytes bigint not null,
  state text not null check (state in ('recorded', 'ingested', 'quarantined', 'discarded', 'superseded', 'withdrawn')),
  -- Why it is in that state: faults, or one sentence and who said it.
  reason jsonb not null default '{}',
  part jsonb,
  superseded_by text references drops (id),
  -- The run that read it.
  run text,
  recorded_at timestamptz not null,
  changed_at timestamptz not null,
  unique (model, source, key, source_version)
);
create index drops_by_state on drops (model, state, recorded_at);
create index drops_by_content on drops (model, sha256);

create table contracts (
  model text not null references models (name),
  number integer not null,
  columns jsonb not null,
  origin text not null check (origin in ('declared', 'inferred', 'accepted')),
  created_at timestamptz not null,
  primary key (model, number)
);

create table snapshots (
  digest text not null,
  model text not null references models (name),
  manifest json not null,
  created_at timestamptz not null,
  primary key (model, digest)
);

create table snapshot_drops (
  model text not null,
  snapshot text not null,
  drop_id text not null references drops (id),
  primary key (model, snapshot, drop_id),
  foreign key (model, snapshot) references snapshots (model, digest)
);

create table runs (
  id text primary key,
  model text not null references models (name),
  number integer not null,
  state text not null check (state in ('waiting', 'active', 'ended')),
  outcome text check (outcome in ('promoted', 'rejected', 'inconclusive', 'awaiting-approval', 'superseded', 'unchanged', 'failed', 'cancelled')),
  -- Why it started: a list of {trigger, at, actor, detail}; several causes fall together in a waiting run.
  causes jsonb not null,
  force boolean not null default false,
  -- The definition as it was when the run became active.
  definition json,
  -- Fences: only the holder of the present generation may commit a stage.
  generation integer not null default 0,
  cancel_requested boolean not null default false,
  snapshot text,
  fingerprint text,
  -- Package digest of the candidate, its verdict, and the version made of it.
  candidate text,
  verdict jsonb,
  version integer,
  -- One sentence in words: why it ended so.
  explanation text,
  error jsonb,
  created_at timestamptz not null,
  started_at timestamptz,
  ended_at timestamptz,
  unique (model, number)
);
-- At most one run of a model is active, and one waits.
create unique index one_active_run on runs (model) where state = 'active';
create unique index one_waiting_run on runs (model) where state = 'waiting';
create index runs_by_time on runs (created_at desc, id desc);
create index runs_by_model on runs (model, number desc);

-- A stage is finished if and only if its row is here.
create table stages (
  run text not null references runs (id),
  name text not null,
  position integer not null,
  attempt integer not null,
  result jsonb not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  primary key (run, name)
);

create table attempts (
  run text not null references runs (id),
  stage text not null,
  number integer not null,
  generation integer not null,
  state text not null check (state in ('running', 'finished', 'failed', 'interrupted', 'cancelled')),
  error jsonb,
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (run, stage, number)
);

create table versions (
  model text not null references models (name),
  number integer not null,
  run text references runs (id),
  digest text not null,
  format text not null,
  -- 'passed' or 'inconclusive' by its verdict; 'awaiting-approval' until someone answers.
  state text not null check (state in ('passed', 'awaiting-approval', 'approved', 'declined', 'superseded')),
  signature jsonb not null,
  verdict jsonb,
  lineage jsonb not null,
  created_at timestamptz not null,
  primary key (model, number),
  unique (model, run)
);

-- The champion pointer: one row a model, moved in one transaction with its generation.
create table champions (
  model text primary key references models (name),
  version integer not null,
  generation bigint not null,
  since timestamptz not null,
  foreign key (model, version) references versions (model, number)
);

create table champion_moves (
  model text not null,
  generation bigint not null,
  version integer not null,
  previous integer,
  cause text not null check (cause in ('run', 'approve', 'promote', 'rollback')),
  actor text not null,
  reason text,
  run text,
  at timestamptz not null,
  primary key (model, generation)
);

-- Append-only. Readers page by (transaction, id), below the oldest transaction still in progress.
create table events (
  id bigint generated always as identity,
  transaction xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  actor text not null,
  kind text not null,
  model text,
  run text,
  data jsonb not null,
  primary key (transaction, id)
);
create index events_by_run on events (run, id);

create table schedules (
  model text not null references models (name),
  -- Position and text of the trigger in the definition.
  trigger text not null,
  -- Occurrences up to here are dealt with.
  handled_until timestamptz not null,
  primary key (model, trigger)
);

-- What each serving process answers from; told by itself.
create table replicas (
  id text primary key,
  pid integer not null,
  address text not null,
  live jsonb not null,
  seen_at timestamptz not null
);
