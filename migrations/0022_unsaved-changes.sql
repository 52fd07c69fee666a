-- What somebody began to change on the settings page and has not put into effect: the step they are on and what the form
-- holds. Opaque to the service; it is kept so that a set-up can be left and taken up again on another computer.
alter table connection add column unsaved jsonb;

-- Down Migration
-- Migrations only go forward.
