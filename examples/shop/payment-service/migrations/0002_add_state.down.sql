-- author: tricube
ALTER TABLE charges DROP COLUMN state;
