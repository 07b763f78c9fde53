-- Which training of the lifecycle has made a run, as `<run>/<stage>`. Tags said so before, and whoever logs may set those.
alter table tracking.runs add column training text collate "C";
update tracking.runs as logged set training = of_run.value || '/' || of_stage.value
from tracking.tags as of_run join tracking.tags as of_stage on of_stage.run = of_run.run and of_stage.key = 'refit.stage'
where of_run.run = logged.number and of_run.key = 'refit.run' and of_run.value in (select id collate "C" from runs);
create index runs_by_training on tracking.runs (training) where training is not null;
-- Whose files lie below a path.
create index runs_of_trainings_by_files on tracking.runs (artifact_uri) where training is not null;

-- The experiments of the lifecycle's models.
alter table tracking.experiments add column of_lifecycle boolean not null default false;
update tracking.experiments set of_lifecycle = true where id in (select experiment from tracking.runs where training is not null);
