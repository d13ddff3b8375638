CREATE TABLE reservations (order_id integer PRIMARY KEY);
