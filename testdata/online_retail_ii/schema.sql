-- Online Retail II (Daqing Chen, doi 10.24432/C5CG6D, CC BY 4.0). Keys and indexes follow in keys.sql, once the
-- rows are in: building them over rows that are there is several times faster.
CREATE TABLE customers (
    customer_id integer NOT NULL,
    country     text
);
COMMENT ON TABLE customers IS 'customers of a UK online gift shop (Online Retail II, CC BY 4.0)';
COMMENT ON COLUMN customers.country IS 'country of residence';

CREATE TABLE products (
    product_id text NOT NULL,
    category   text NOT NULL
);
COMMENT ON TABLE products IS 'every product that was ever ordered';
COMMENT ON COLUMN products.category IS 'first two digits of the product code, or OTHER';

CREATE TABLE orders (
    order_id    text NOT NULL,
    customer_id integer NOT NULL,
    ordered_at  timestamptz NOT NULL,
    amount      numeric(12, 2) NOT NULL
);
COMMENT ON TABLE orders IS 'orders, and cancellations as orders with a negative amount';
COMMENT ON COLUMN orders.order_id IS 'begins with C for a cancellation';
COMMENT ON COLUMN orders.ordered_at IS 'time of the first line, taken as UTC';
COMMENT ON COLUMN orders.amount IS 'sum of the order''s lines in GBP';

CREATE TABLE order_lines (
    order_id   text NOT NULL,
    line_no    integer NOT NULL,
    product_id text NOT NULL,
    quantity   integer NOT NULL,
    amount     numeric(12, 2) NOT NULL
);
COMMENT ON TABLE order_lines IS 'one product of one order';
COMMENT ON COLUMN order_lines.line_no IS 'place in the order, from 1';
COMMENT ON COLUMN order_lines.quantity IS 'pieces, negative in a cancellation';
COMMENT ON COLUMN order_lines.amount IS 'quantity times price in GBP, negative in a cancellation';

CREATE TEMPORARY TABLE staged_lines (
    place       bigint GENERATED ALWAYS AS IDENTITY,
    customer_id integer,
    ordered_at  timestamptz,
    order_id    text,
    product_id  text,
    category    text,
    quantity    numeric,
    amount      numeric
) ON COMMIT DROP;
