-- author: tricube
CREATE TABLE orders (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  product_id integer NOT NULL,
  quantity integer NOT NULL,
  total_cents integer NOT NULL,
  customer varchar(255) NOT NULL,
  email varchar(254) NOT NULL,
  card varchar(64) NOT NULL,
  state varchar(16) NOT NULL DEFAULT 'placed' CHECK (state IN ('placed', 'paid', 'canceled')),
  reason varchar(128),
  paid_at timestamp with time zone
);

CREATE TABLE reports (
  day date PRIMARY KEY,
  orders integer NOT NULL,
  total_cents integer NOT NULL
);
