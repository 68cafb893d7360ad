SELECT order_id, customer_id, ordered_at, amount FROM {{ source('shop', 'orders') }}
