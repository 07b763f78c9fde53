-- Drops of several files, sources with a watermark, what people decide about drops, contracts, profiles of snapshots.

alter table drops
  -- Which version of the object, where the object store keeps versions.
  add column object_version text,
  -- The files of a drop that has several: a list of {key, sha256, object, bytes}; then object names their list.
  add column files jsonb,
  -- Where a source that counts on goes on after this drop.
  add column watermark text,
  -- Someone has looked at it and taken the responsibility: what can be waived is waived.
  add column released boolean not null default false,
  -- Who decided last about it by hand, and why: {actor, at, reason}.
  add column decision jsonb;
create index drops_by_arrival on drops (model, source, key);
create index drops_by_watermark on drops (model, source, length(id), id) where watermark is not null;

create index drops_superseded on drops (superseded_by) where superseded_by is not null;
create index drops_withdrawn on drops (model) where state = 'withdrawn';

-- What happened to a drop.
create index events_by_drop on events ((data ->> 'drop')) where data ->> 'drop' is not null;

-- Which snapshots, and by them which versions, saw a drop.
create index snapshot_drops_by_drop on snapshot_drops (drop_id);
create index versions_by_snapshot on versions (model, (lineage ->> 'snapshot'));

-- What later drops are compared with: counts, quantiles, categories and a sketch of the rows of each accepted drop.
create table drop_profiles (
  drop_id text primary key references drops (id),
  profile json not null
);

-- A contract inferred or accepted holds for a column as long as the project file says of it what it said then.
alter table contracts
  -- What the project file said of those columns: an object by column, null for one that it did not name.
  add column declared json not null default '{}',
  -- The drop that it was taken from.
  add column drop_id text references drops (id),
  add column actor text not null default 'refit',
  add column reason text;
-- The order of the columns is kept.
alter table contracts alter column columns type json using columns::json;

-- How each source did last.
create index events_of_sources on events (model, transaction, id) where kind in ('source.failed', 'source.recovered');

alter table snapshots
  -- Counts, quantiles, categories and histograms of each column, and the drift since the former snapshot.
  add column profile json;
