INSERT INTO products (name, price_cents, stock) VALUES ('Green tea', 450, 100), ('Teapot', 3900, 3);
