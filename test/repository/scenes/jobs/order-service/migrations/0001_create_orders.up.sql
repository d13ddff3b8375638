CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL);
CREATE TABLE order_index (id integer PRIMARY KEY, item text NOT NULL);
