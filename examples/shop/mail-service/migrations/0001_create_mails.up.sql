-- author: tricube
CREATE TABLE mails (
  id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  recipient varchar(254) NOT NULL,
  subject text NOT NULL
);
