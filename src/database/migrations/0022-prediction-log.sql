-- What the endpoint has answered: a sample of it in the object store, and the truth that came later.

-- With which ids of answers are made and recognised. 244 random bits.
create table prediction_key (
  single boolean primary key default true check (single),
  key text not null
);
insert into prediction_key (key) values (replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

create table prediction_files (
  number bigint generated always as identity primary key,
  model text not null references models (name),
  version integer not null,
  object text not null,
  rows integer not null,
  bytes bigint not null,
  -- Of the first and of the last answer in it.
  first_at timestamptz not null,
  last_at timestamptz not null,
  created_at timestamptz not null
);
create index prediction_files_of_model on prediction_files (model, number);
create index prediction_files_by_age on prediction_files (model, last_at);

-- From which files of serving they were made: each is taken once, whenever we die.
create table prediction_spools (
  name text collate "C" primary key,
  file bigint not null references prediction_files (number) on delete cascade
);
create index prediction_spools_of_file on prediction_spools (file);

create table prediction_feedback (
  model text not null references models (name),
  kind text not null check (kind in ('prediction', 'key')),
  -- The id of an answer, or what callers call a row.
  subject text collate "C" not null,
  -- Which row of the answer, from 0 on; of a key 0.
  row integer not null,
  -- A number or a label, as text.
  truth text not null,
  actor text not null,
  received_at timestamptz not null,
  primary key (model, kind, subject, row)
);
create index prediction_feedback_by_age on prediction_feedback (model, received_at);
