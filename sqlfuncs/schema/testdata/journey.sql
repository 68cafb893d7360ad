-- The Complete Journey: no key in the transactions, baskets as a column, demographics one to one.
CREATE TABLE households (household_id int PRIMARY KEY);
CREATE TABLE demographics (household_id int PRIMARY KEY REFERENCES households, age text, income text, household_size int);
CREATE TABLE products (product_id bigint PRIMARY KEY, department text, brand text, package_size text);
CREATE TABLE transactions (household_id int NOT NULL REFERENCES households, store_id int, basket_id bigint, product_id bigint REFERENCES products,
	quantity int, sales_value numeric(10,2), retail_disc numeric, week int, transaction_timestamp timestamp);
CREATE INDEX ON transactions (household_id);
CREATE TABLE campaigns (household_id int REFERENCES households, campaign int, started date);
INSERT INTO households VALUES (1), (2), (3);
INSERT INTO demographics VALUES (1, '25-34', '50-74K', 2), (3, '35-44', NULL, 1);
INSERT INTO products VALUES (100, 'GROCERY', 'National', '12 OZ'), (101, 'MEAT', 'Private', NULL);
INSERT INTO transactions VALUES (1, 5, 70, 100, 1, 2.50, 0, 1, '2017-01-01 12:00'), (1, 5, 70, 101, 2, 9.99, 1, 1, '2017-01-01 12:00'),
	(2, 6, 71, 100, 1, 2.50, 0, 2, '2017-01-09 08:30'), (1, 5, 72, NULL, 1, 1, 0, 3, '2017-01-20 23:59:59.5'), (2, 6, 73, 100, 1, 2, 0, 3, NULL);
