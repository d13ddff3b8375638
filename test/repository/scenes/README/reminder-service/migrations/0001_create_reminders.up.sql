CREATE TABLE reminders (id serial PRIMARY KEY, note_id integer NOT NULL, at timestamptz NOT NULL);
