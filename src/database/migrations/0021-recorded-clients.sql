-- Typed clients that somebody has written: later versions are held to what they send and read.

create table recorded_clients (
  model text not null references models (name),
  number integer not null,
  -- Of the shape.
  digest text collate "C" not null,
  shape json not null,
  -- The versions that one was written from first, and last.
  version integer not null,
  last_version integer not null,
  actor text not null,
  recorded_at timestamptz not null,
  last_at timestamptz not null,
  forgotten_at timestamptz,
  primary key (model, number),
  foreign key (model, version) references versions (model, number)
);
create unique index one_client_a_shape on recorded_clients (model, digest) where forgotten_at is null;
