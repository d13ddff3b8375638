-- author: tricube
CREATE TABLE profiles (
  name text PRIMARY KEY,
  text text NOT NULL
);
