-- author: tricube
DROP TABLE users;
