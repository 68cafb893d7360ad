SELECT customer_id, buy30 FROM {{ ref('live_scores') }} WHERE buy30 < 0 OR buy30 > 1
