-- Whoever reads metrics of a version through MLflow learns that they are those of another package, which was checked for it.

create or replace function tracking.add_lifecycle_model(wanted text, at timestamptz) returns void language plpgsql as $$
declare
  taken bigint;
  other text;
begin
  -- A client has taken the name before: what it has registered stays, under another one that nobody has.
  select id, name || ' (registered ' || id || ')' into taken, other from tracking.registered_models where name = wanted collate "C" and not of_lifecycle;
  if found then
    while exists (select from tracking.registered_models where name = other collate "C") loop
      other := other || ' (registered ' || taken || ')';
    end loop;
    update tracking.registered_models set name = other where id = taken;
  end if;
  insert into tracking.registered_models (name, created_at, updated_at, of_lifecycle)
  values (wanted, tracking.milliseconds(at), tracking.milliseconds(at), true) on conflict (name) do nothing;
end
$$;

create or replace view tracking.version_tags as
  select model, number, key, value from tracking.model_version_tags
  union all
  select registered.id, version.number, fact.key collate "C", fact.value collate "C"
  from tracking.registered_models as registered
  join versions as version on version.model = registered.name collate "default"
  cross join lateral (
    values
      ('refit.run', version.run),
      ('refit.state', version.state),
      ('refit.digest', version.digest),
      ('refit.format', version.format),
      ('refit.snapshot', version.lineage ->> 'snapshot'),
      ('refit.commit', version.lineage ->> 'commit'),
      ('refit.origin', version.lineage #>> '{origin,path}'),
      ('refit.verdict', version.verdict ->> 'answer'),
      ('refit.verdict.summary', version.verdict ->> 'summary'),
      ('refit.verdict.rows', version.verdict #>> '{test,rows}'),
      ('refit.checked-by-proxy', version.lineage #>> '{refitted,checked,digest}')
    union all
    select 'refit.metrics.' || metric.key, metric.value ->> 'value' from jsonb_each(version.verdict -> 'candidate') as metric
  ) as fact (key, value)
  where registered.of_lifecycle and fact.value is not null;
