-- A view: scored whenever it is read, by the model that is deployed then.
{{ config(materialized='view') }}
SELECT customer_id, country, cvp_predict('buy30', customer_id) AS buy30 FROM {{ ref('stg_customers') }}
