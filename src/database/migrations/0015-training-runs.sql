-- Versions of the lifecycle name the run, as MLflow's clients see it, in which they were trained.

drop function tracking.add_lifecycle_version(text, integer, timestamptz);
create function tracking.add_lifecycle_version(wanted text, made integer, at timestamptz, trained_in text) returns void language plpgsql as $$
begin
  update tracking.registered_models set updated_at = tracking.milliseconds(at) where name = wanted collate "C" and of_lifecycle;
  insert into tracking.model_versions (model, number, created_at, updated_at, user_name, source, location, run)
  select id, made, tracking.milliseconds(at), tracking.milliseconds(at), 'refit', place, place, coalesce(trained_in, '')
  from tracking.registered_models, concat('mlflow-artifacts:/refit-models/', wanted, '/', made) as place
  where name = wanted collate "C" and of_lifecycle;
end
$$;

create or replace function tracking.follow_versions() returns trigger language plpgsql as $$
begin
  perform tracking.add_lifecycle_version(new.model, new.number, new.created_at, new.lineage ->> 'mlflowRun');
  return null;
end
$$;
