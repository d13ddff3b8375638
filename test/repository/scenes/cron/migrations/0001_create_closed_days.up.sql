CREATE TABLE closed_days (closed_at timestamptz PRIMARY KEY);
