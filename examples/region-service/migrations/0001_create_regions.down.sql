-- author: tricube
DROP TABLE cities;
DROP TABLE provinces;
