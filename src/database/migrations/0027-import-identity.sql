-- By which whoever moves in knows that a server keeps what it has in this very database, whatever address it is asked at.

create table tracking.identity (
  single boolean primary key default true check (single),
  id uuid not null default gen_random_uuid()
);
insert into tracking.identity default values;
