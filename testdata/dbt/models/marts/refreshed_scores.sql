-- A materialised view: Postgres fills and refreshes it itself, asking cvp for one score after the other. That needs the
-- foreign server of docs/direct.md: dbt build --vars '{foreign_server: true}'
{{ config(materialized='materialized_view', enabled=var('foreign_server', false),
          indexes=[{'columns': ['customer_id'], 'unique': true}]) }}
SELECT customer_id, country, cvp_predict('buy30', customer_id) AS buy30 FROM {{ ref('stg_customers') }}
