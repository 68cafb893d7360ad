-- CDNOW (Fader and Hardie 2001, as packaged in lifetimes, MIT).
CREATE TABLE cdnow_customers (
    customer_id    integer NOT NULL,
    first_purchase date NOT NULL
);
COMMENT ON TABLE cdnow_customers IS 'customers of CDNOW who first bought in the first quarter of 1997';

CREATE TABLE cdnow_transactions (
    transaction_no integer NOT NULL,
    customer_id    integer NOT NULL,
    purchased_on   date NOT NULL,
    cds            integer NOT NULL,
    amount         numeric(10, 2) NOT NULL
);
COMMENT ON TABLE cdnow_transactions IS 'their purchases until June 1998';
COMMENT ON COLUMN cdnow_transactions.transaction_no IS 'place in the source, from 1';
COMMENT ON COLUMN cdnow_transactions.cds IS 'number of CDs';
COMMENT ON COLUMN cdnow_transactions.amount IS 'US dollars';

CREATE TEMPORARY TABLE staged_transactions (
    place        integer GENERATED ALWAYS AS IDENTITY,
    customer_id  integer,
    purchased_on date,
    cds          integer,
    amount       numeric
) ON COMMIT DROP;
