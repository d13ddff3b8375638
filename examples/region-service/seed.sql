INSERT INTO provinces (name) VALUES ('Beijing'), ('Shanghai'), ('Sichuan'), ('Guangdong');

INSERT INTO cities (name, province_id) VALUES
  ('Beijing', 1),
  ('Shanghai', 2),
  ('Chengdu', 3),
  ('Mianyang', 3),
  ('Leshan', 3),
  ('Guangzhou', 4),
  ('Shenzhen', 4),
  ('Zhuhai', 4);
