SELECT customer_id FROM {{ ref('customer_scores') }} AS t JOIN {{ ref('live_scores') }} AS v USING (customer_id)
WHERE t.buy30 IS DISTINCT FROM v.buy30
