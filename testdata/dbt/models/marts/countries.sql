-- Reads the view: its call is written out and run in the same batch.
SELECT country, count(*) AS customers, avg(buy30) AS buy30
FROM {{ ref('live_scores') }}
GROUP BY country
