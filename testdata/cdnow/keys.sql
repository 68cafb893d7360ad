ALTER TABLE cdnow_customers ADD PRIMARY KEY (customer_id);
ALTER TABLE cdnow_transactions ADD PRIMARY KEY (transaction_no), ADD FOREIGN KEY (customer_id) REFERENCES cdnow_customers;
CREATE INDEX ON cdnow_transactions (customer_id, purchased_on);
ANALYZE cdnow_customers, cdnow_transactions;
