-- author: tricube
CREATE TABLE roles (
  id serial PRIMARY KEY,
  name varchar(64) NOT NULL,
  CONSTRAINT roles_name_unique UNIQUE (name)
);
