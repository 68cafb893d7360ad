-- A test may call the model itself.
SELECT customer_id FROM {{ ref('stg_customers') }} AS c
WHERE cvp_predict('buy30', customer_id) IS NULL
  AND EXISTS (SELECT FROM {{ ref('stg_orders') }} AS o WHERE o.customer_id = c.customer_id AND o.ordered_at < '{{ var("as_of") }}')
