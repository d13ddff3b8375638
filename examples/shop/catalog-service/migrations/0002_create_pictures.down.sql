-- author: tricube
DROP TABLE pictures;
