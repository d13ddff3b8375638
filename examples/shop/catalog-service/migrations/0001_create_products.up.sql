-- author: tricube
CREATE TABLE products (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name varchar(128) NOT NULL,
  price_cents integer NOT NULL,
  stock integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE reservations (
  order_id integer PRIMARY KEY,
  product_id integer NOT NULL REFERENCES products,
  quantity integer NOT NULL
);
