-- Rollouts: how a version comes into traffic step by step, and what serving has seen of each step.

-- Grows with every change of what is to serve beside a champion.
create sequence rollout_revisions;

create table rollouts (
  id text primary key,
  model text not null references models (name),
  number integer not null,
  version integer not null,
  -- The champion beside which it is compared.
  champion integer not null,
  -- How it is to come into traffic, as the definition said at its start.
  deployment json not null,
  state text not null check (state in ('running', 'paused', 'live', 'rolled-back', 'aborted')),
  -- Index of the present step.
  step integer not null,
  revision bigint not null,
  -- The time of a step does not pass in a pause: when it was last let on, and how long it had lasted by then.
  step_since timestamptz not null,
  step_milliseconds bigint not null default 0,
  -- The step is over but for its traffic, and this was told.
  waits boolean not null default false,
  -- What asked for it, as the move of the champion will have it.
  cause text not null check (cause in ('run', 'approve', 'promote', 'adopt')),
  actor text not null,
  reason text,
  run text,
  -- One sentence in words: why it ended so.
  explanation text,
  started_at timestamptz not null,
  ended_at timestamptz,
  unique (model, number),
  foreign key (model, version) references versions (model, number)
);
-- At most one rollout of a model is on.
create unique index one_open_rollout on rollouts (model) where state in ('running', 'paused');

-- What each serving process has seen of each step; it writes all of it again every second.
create table rollout_figures (
  rollout text not null references rollouts (id),
  step integer not null,
  replica text not null,
  figures json not null,
  at timestamptz not null,
  primary key (rollout, step, replica)
);

-- What happened in a rollout.
create index events_by_rollout on events ((data ->> 'rollout')) where data ->> 'rollout' is not null;
