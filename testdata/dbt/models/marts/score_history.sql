-- Incremental: the scores of the customers that have none yet are added; those that are there stay.
{{ config(materialized='incremental', unique_key='customer_id', pre_hook="{{ train_buy30() }}") }}
SELECT customer_id, cvp_predict('buy30', customer_id) AS buy30, current_timestamp AS scored_at
FROM {{ ref('stg_customers') }}
{% if is_incremental() %}
WHERE customer_id NOT IN (SELECT customer_id FROM {{ this }})
{% endif %}
