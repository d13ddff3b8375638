-- author: tricube
CREATE TABLE pictures (
  product_id integer PRIMARY KEY REFERENCES products,
  type varchar(32) NOT NULL,
  sha256 char(64) NOT NULL,
  bytes bytea NOT NULL
);
