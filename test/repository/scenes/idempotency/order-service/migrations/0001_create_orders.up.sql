CREATE TABLE orders (id text PRIMARY KEY, state text NOT NULL);
