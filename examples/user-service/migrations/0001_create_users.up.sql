-- author: tricube
CREATE TABLE users (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(128) NOT NULL,
  age smallint NOT NULL,
  city_id integer NOT NULL,
  role_id integer NOT NULL,
  create_time timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT users_age CHECK (age BETWEEN 0 AND 150)
);
