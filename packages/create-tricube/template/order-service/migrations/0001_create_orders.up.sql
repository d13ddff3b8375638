CREATE TABLE orders (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  product_id integer NOT NULL,
  quantity integer NOT NULL CHECK (quantity > 0),
  total_cents integer NOT NULL
);
