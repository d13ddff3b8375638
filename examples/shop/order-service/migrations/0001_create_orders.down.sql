-- author: tricube
DROP TABLE reports;
DROP TABLE orders;
