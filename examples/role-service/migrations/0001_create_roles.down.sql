-- author: tricube
DROP TABLE roles;
