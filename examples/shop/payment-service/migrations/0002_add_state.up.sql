-- author: tricube
ALTER TABLE charges ADD COLUMN state varchar(16) NOT NULL DEFAULT 'authorized' CHECK (state IN ('authorized', 'settled'));
