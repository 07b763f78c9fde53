-- The lifecycle's own models among those that are registered through MLflow. Their rows come with the lifecycle's, in the
-- same transaction; what changes there (the champion, the state of a version) is looked up and never copied.

alter table tracking.registered_models add column of_lifecycle boolean not null default false;

create function tracking.milliseconds(at timestamptz) returns bigint language sql immutable as $$
  select (extract(epoch from at) * 1000)::bigint
$$;

create function tracking.add_lifecycle_model(wanted text, at timestamptz) returns void language plpgsql as $$
begin
  -- A client has taken the name before: what it has registered stays, under another one.
  update tracking.registered_models set name = name || ' (registered ' || id || ')' where name = wanted collate "C" and not of_lifecycle;
  insert into tracking.registered_models (name, created_at, updated_at, of_lifecycle)
  values (wanted, tracking.milliseconds(at), tracking.milliseconds(at), true) on conflict (name) do nothing;
end
$$;

create function tracking.add_lifecycle_version(wanted text, made integer, at timestamptz) returns void language plpgsql as $$
begin
  update tracking.registered_models set updated_at = tracking.milliseconds(at) where name = wanted collate "C" and of_lifecycle;
  insert into tracking.model_versions (model, number, created_at, updated_at, user_name, source, location)
  select id, made, tracking.milliseconds(at), tracking.milliseconds(at), 'refit', place, place
  from tracking.registered_models, concat('mlflow-artifacts:/refit-models/', wanted, '/', made) as place
  where name = wanted collate "C" and of_lifecycle;
end
$$;

create function tracking.follow_models() returns trigger language plpgsql as $$
begin
  perform tracking.add_lifecycle_model(new.name, new.updated_at);
  return null;
end
$$;
create trigger seen_through_mlflow after insert on models for each row execute function tracking.follow_models();

create function tracking.follow_versions() returns trigger language plpgsql as $$
begin
  perform tracking.add_lifecycle_version(new.model, new.number, new.created_at);
  return null;
end
$$;
create trigger seen_through_mlflow after insert on versions for each row execute function tracking.follow_versions();

select tracking.add_lifecycle_model(name, updated_at) from models order by name;
select tracking.add_lifecycle_version(model, number, created_at) from versions order by created_at, model, number;

-- Aliases, with that of what serves.
create view tracking.aliases as
  select model, alias, number from tracking.model_aliases
  union all
  select registered.id, 'champion' collate "C", champion.version
  from tracking.registered_models as registered
  join models on models.name = registered.name collate "default" and models.present and models.retired_at is null
  join champions as champion on champion.model = models.name
  where registered.of_lifecycle;

-- Tags, with the facts of the lifecycle.
create view tracking.registered_tags as
  select model, key, value from tracking.registered_model_tags
  union all
  select registered.id, 'refit.task' collate "C", (models.definition ->> 'task') collate "C"
  from tracking.registered_models as registered join models on models.name = registered.name collate "default"
  where registered.of_lifecycle;

create view tracking.version_tags as
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
      ('refit.verdict.rows', version.verdict #>> '{test,rows}')
    union all
    select 'refit.metrics.' || metric.key, metric.value ->> 'value' from jsonb_each(version.verdict -> 'candidate') as metric
  ) as fact (key, value)
  where registered.of_lifecycle and fact.value is not null;
