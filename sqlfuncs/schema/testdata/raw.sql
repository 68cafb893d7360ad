-- CDNOW and the like: one table of purchases, with and without a table of customers, no foreign keys; and views.
CREATE TABLE purchases (customer_id text, date date, number int, amount float8);
CREATE TABLE people (customer_id varchar(10) PRIMARY KEY, region text);
CREATE TABLE logins (purchase_id uuid PRIMARY KEY DEFAULT '00000000-0000-0000-0000-000000000001', who text, at timestamp);
CREATE VIEW people_view AS SELECT customer_id, region FROM people UNION ALL SELECT customer_id, 'twice' FROM people WHERE customer_id = 'b';
CREATE VIEW order_view AS SELECT row_number() OVER (ORDER BY date) AS number, customer_id AS buyer, date FROM purchases;
CREATE VIEW line_view AS SELECT o.number AS order_number, amount FROM order_view o JOIN purchases USING (date);
INSERT INTO purchases VALUES ('a', '1997-01-01', 1, 11.5), ('a', '1997-02-03', 2, 20), ('b', '1997-01-02', 1, 7), ('nobody', '1997-01-03', 1, 1), (NULL, '1997-01-04', 1, 1), ('b', NULL, 1, 1);
INSERT INTO people VALUES ('a', 'north'), ('b', 'south'), ('c', 'south');
INSERT INTO logins (who, at) VALUES ('a', '1997-03-01 00:00');
