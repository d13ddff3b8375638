-- author: tricube
DROP TABLE mails;
