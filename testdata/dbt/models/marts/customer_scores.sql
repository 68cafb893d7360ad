-- A table: CREATE TABLE … AS (…), all customers scored in one batch.
WITH spending AS (
    SELECT customer_id, sum(amount) AS spent, max(ordered_at) AS last_order
    FROM {{ ref('stg_orders') }}
    GROUP BY customer_id
)
SELECT c.customer_id, c.country, s.spent, s.last_order, cvp_predict('buy30', c.customer_id) AS buy30
FROM {{ ref('stg_customers') }} AS c
LEFT JOIN spending AS s ON s.customer_id = c.customer_id
