CREATE TABLE products (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  price_cents integer NOT NULL CHECK (price_cents >= 0)
);
