-- author: tricube
DROP TABLE charges;
