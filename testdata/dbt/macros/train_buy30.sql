{# The models call buy30, so it has to exist before the first of them is built. #}
{% macro train_buy30() %}
SELECT * FROM cvp_train('buy30', 'PREDICT COUNT(orders.*) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id',
    options => '{"as_of": "{{ var("as_of") }}"}', algorithm => 'logistic', max_age => INTERVAL '1 day', if_changed => true)
{% endmacro %}
