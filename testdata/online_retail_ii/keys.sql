ALTER TABLE customers ADD PRIMARY KEY (customer_id);
ALTER TABLE products ADD PRIMARY KEY (product_id);
ALTER TABLE orders ADD PRIMARY KEY (order_id), ADD FOREIGN KEY (customer_id) REFERENCES customers;
ALTER TABLE order_lines
    ADD PRIMARY KEY (order_id, line_no),
    ADD FOREIGN KEY (order_id) REFERENCES orders,
    ADD FOREIGN KEY (product_id) REFERENCES products;
CREATE INDEX ON orders (customer_id, ordered_at);
CREATE INDEX ON orders (ordered_at);
CREATE INDEX ON order_lines (product_id);
ANALYZE customers, products, orders, order_lines;
