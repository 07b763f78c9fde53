-- Who is told of what: how far the events have been looked through, and one row a notification and target.

create table notification_cursor (
  single boolean primary key default true check (single),
  -- Cursor of the last event that has been looked at, as the readers of events have it.
  cursor text not null
);

create table notifications (
  -- Sent with every try, so that a receiver can tell a repetition.
  id text primary key,
  target text not null,
  -- Cursor of the event that it tells of.
  event text not null,
  message json not null,
  state text not null check (state in ('waiting', 'sent', 'given-up', 'dropped')),
  tries integer not null default 0,
  -- While one is being sent: when whoever sends it is taken for dead.
  next_try timestamptz not null,
  -- Why the last try did not succeed.
  failure text,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  -- Nobody is told twice of one event.
  unique (target, event)
);
create index notifications_waiting on notifications (target, next_try) where state = 'waiting';
create index notifications_by_change on notifications (target, state, changed_at);

-- How many candidates in a row were rejected.
create index events_of_outcomes on events (model, transaction, id) where kind in ('run.ended', 'champion.moved');
-- Since when a drop is overdue, and that this was told.
create index events_of_overdue_drops on events (model, transaction, id) where kind = 'drop.overdue';
create index drops_by_recording on drops (model, recorded_at);
