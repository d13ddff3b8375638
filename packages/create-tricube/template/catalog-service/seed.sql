INSERT INTO products (name, price_cents) VALUES ('Green tea', 450), ('Teapot', 3900), ('Cup', 800);
