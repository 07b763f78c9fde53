-- The runs that were to promote a version: few beside all runs, and asked for whenever the version is explained.

create index runs_by_offered_version on runs (model, (offer ->> 'version'), number) where offer is not null;
