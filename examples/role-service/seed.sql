INSERT INTO roles (name) VALUES ('admin'), ('editor'), ('viewer');
