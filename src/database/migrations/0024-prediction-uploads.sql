-- Objects that are being brought. One that is in here, and that no file names, was left by somebody who died.
create table prediction_uploads (
  object text collate "C" primary key,
  begun_at timestamptz not null
);
