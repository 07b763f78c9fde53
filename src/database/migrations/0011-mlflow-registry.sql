-- Models and versions that are registered through MLflow.

create table tracking.registered_models (
  -- What the tables below refer to, for a model may be renamed.
  id bigint generated always as identity primary key,
  name text collate "C" not null unique,
  description text not null default '',
  created_at bigint not null,
  updated_at bigint not null,
  -- Numbers of versions are never given out again.
  next_version integer not null default 1
);

create table tracking.registered_model_tags (
  model bigint not null references tracking.registered_models on delete cascade,
  key text collate "C" not null,
  value text collate "C" not null,
  primary key (model, key)
);

create table tracking.model_versions (
  model bigint not null references tracking.registered_models on delete cascade,
  number integer not null,
  created_at bigint not null,
  updated_at bigint not null,
  description text not null default '',
  user_name text not null default '',
  stage text collate "C" not null default 'None' check (stage in ('None', 'Staging', 'Production', 'Archived')),
  -- As it was sent, and where the files lie.
  source text collate "C" not null,
  location text collate "C" not null,
  run text collate "C" not null default '',
  run_link text not null default '',
  logged_model text collate "C",
  primary key (model, number)
);
create index model_versions_by_change on tracking.model_versions (updated_at desc);
create index model_versions_by_run on tracking.model_versions (run);

create table tracking.model_version_tags (
  model bigint not null,
  number integer not null,
  key text collate "C" not null,
  value text collate "C" not null,
  primary key (model, number, key),
  foreign key (model, number) references tracking.model_versions on delete cascade
);

create table tracking.model_aliases (
  model bigint not null,
  alias text collate "C" not null,
  number integer not null,
  primary key (model, alias),
  foreign key (model, number) references tracking.model_versions on delete cascade
);
create index model_aliases_by_version on tracking.model_aliases (model, number);
