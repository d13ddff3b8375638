-- author: tricube
CREATE TABLE roles (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(64) NOT NULL,
  CONSTRAINT roles_name_unique UNIQUE (name)
);
