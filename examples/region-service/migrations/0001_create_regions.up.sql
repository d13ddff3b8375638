-- author: tricube
CREATE TABLE provinces (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(64) NOT NULL,
  CONSTRAINT provinces_name_unique UNIQUE (name)
);

CREATE TABLE cities (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(64) NOT NULL,
  province_id integer NOT NULL,
  CONSTRAINT cities_province_id_provinces_id_fk FOREIGN KEY (province_id) REFERENCES provinces (id)
);
