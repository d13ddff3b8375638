-- author: tricube
DROP TABLE reservations;
DROP TABLE products;
