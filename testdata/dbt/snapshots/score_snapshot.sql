{% snapshot score_snapshot %}
{{ config(target_schema='analytics', unique_key='customer_id', strategy='check', check_cols=['buy30']) }}
SELECT customer_id, cvp_predict('buy30', customer_id) AS buy30 FROM {{ ref('stg_customers') }}
{% endsnapshot %}
