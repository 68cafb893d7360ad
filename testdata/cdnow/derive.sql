INSERT INTO cdnow_customers (customer_id, first_purchase)
SELECT customer_id, min(purchased_on) FROM staged_transactions GROUP BY customer_id ORDER BY customer_id;

INSERT INTO cdnow_transactions (transaction_no, customer_id, purchased_on, cds, amount)
SELECT place, customer_id, purchased_on, cds, amount FROM staged_transactions;
