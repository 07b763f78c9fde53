-- Runs that carry a candidate instead of training one, approvals that expire, packages that were brought from elsewhere.

alter table runs
  -- The candidate that it was asked to check: an existing version, or a package that was brought.
  add column offer jsonb;

-- Offers do not fall together: each is a candidate of its own, and waits for its turn.
drop index one_waiting_run;
create unique index one_waiting_run on runs (model) where state = 'waiting' and offer is null;

-- Few runs wait for somebody; who answers, supersedes or lets them expire finds them at once.
create index runs_awaiting_approval on runs (model) where outcome = 'awaiting-approval';

alter table versions drop constraint versions_state_check;
alter table versions add constraint versions_state_check
  check (state in ('passed', 'awaiting-approval', 'approved', 'declined', 'superseded', 'expired'));

alter table champion_moves drop constraint champion_moves_cause_check;
alter table champion_moves add constraint champion_moves_cause_check
  check (cause in ('run', 'approve', 'promote', 'adopt', 'rollback'));
