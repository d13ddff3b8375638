-- author: tricube
CREATE TABLE charges (
  id varchar(255) PRIMARY KEY,
  amount_cents integer NOT NULL,
  charged_at timestamp with time zone NOT NULL DEFAULT now()
);
