-- author: tricube
DROP TABLE profiles;
