-- Models that are retired, and what definitions have changed.

alter table models
  -- Since when no run starts and nothing is served; who ended its life, and why.
  add column retired_at timestamptz,
  add column retired_by text,
  add column retired_reason text;

-- Which definitions came into force.
create index events_of_definitions on events (model, transaction, id) where kind = 'model.defined';
