-- Groups, aggregates and windows

-- The mean of calls
SELECT count(*), round(avg(cvp_predict('risk', id)::numeric), 12) FROM customers

-- Aggregates per group
SELECT country, count(*), min(cvp_predict('risk', id)), max(cvp_predict('risk', id)), sum(cvp_predict('risk', id)::numeric) FROM customers GROUP BY country ORDER BY country

-- GROUP BY a call
SELECT cvp_predict('risk@2', id), count(*) FROM customers GROUP BY cvp_predict('risk@2', id) ORDER BY 1

-- GROUP BY an ordinal
SELECT round(cvp_predict('risk', id)::numeric, 1), count(*) FROM customers GROUP BY 1 ORDER BY 1

-- GROUP BY an alias
SELECT cvp_predict('risk', id) > 0.5 AS risky, count(*), min(id) FROM customers GROUP BY risky ORDER BY risky

-- A call of the grouping column
SELECT referrer, cvp_predict('risk', referrer), count(*) FROM customers GROUP BY referrer ORDER BY referrer LIMIT 15

-- A call of a column that the primary key decides
SELECT c.id, cvp_predict('by_code', c.code), count(o.order_id) FROM customers AS c LEFT JOIN orders AS o ON o.customer_id = c.id GROUP BY c.id ORDER BY c.id LIMIT 12

-- A call of an aggregate
SELECT country, cvp_predict('risk', max(id)) FROM customers GROUP BY country ORDER BY country

-- A call of count
SELECT cvp_predict('risk', count(*)) FROM customers

-- HAVING with a call inside an aggregate
SELECT country FROM customers GROUP BY country HAVING max(cvp_predict('worth', id)) > 180 ORDER BY country

-- HAVING with a call of the grouping column
SELECT referrer FROM customers GROUP BY referrer HAVING cvp_predict('risk', referrer) > 0.5 ORDER BY referrer

-- HAVING without GROUP BY
SELECT count(*) FROM customers HAVING sum(cvp_predict('risk', id)::numeric) > 10

-- FILTER
SELECT count(*) FILTER (WHERE cvp_predict('risk', id) > 0.5), count(*) FILTER (WHERE cvp_predict('risk', id) <= 0.5) FROM customers

-- FILTER and argument
SELECT country, max(cvp_predict('worth', id)) FILTER (WHERE cvp_predict('risk', id) < 0.2) FROM customers GROUP BY country ORDER BY country

-- An aggregate with ORDER BY a call
SELECT array_agg(id ORDER BY cvp_predict('risk', id) DESC, id) FROM customers WHERE id < 15

-- An aggregate with DISTINCT
SELECT count(DISTINCT cvp_predict('risk@2', id)) FROM customers

-- string_agg of calls
SELECT string_agg(id || ':' || round(cvp_predict('risk', id)::numeric, 3), ',' ORDER BY id) FROM customers WHERE id < 10

-- An ordered-set aggregate
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY cvp_predict('risk', id)) FROM customers

-- An ordered-set aggregate per group, of which the mode
SELECT vip, mode() WITHIN GROUP (ORDER BY cvp_predict('risk@2', id)), percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY cvp_predict('worth', id)) FROM customers GROUP BY vip ORDER BY vip

-- A hypothetical-set aggregate
SELECT rank(0.5) WITHIN GROUP (ORDER BY cvp_predict('risk', id)) FROM customers

-- bool_and, every and bool_or
SELECT country, bool_and(cvp_predict('risk', id) < 0.9), every(cvp_predict('risk', id) >= 0), bool_or(cvp_predict('worth', id) > 200) FROM customers GROUP BY country ORDER BY country

-- An aggregate of a user's that holds a call
CREATE AGGREGATE made.biggest(float8) (SFUNC = float8larger, STYPE = float8); SELECT country, made.biggest(cvp_predict('risk', id)) FROM customers GROUP BY country ORDER BY country

-- GROUPING SETS
SELECT country, vip, count(*), max(cvp_predict('risk', id)) FROM customers GROUP BY GROUPING SETS ((country), (vip), ()) ORDER BY 1, 2, 3

-- ROLLUP with a call as a grouping column
SELECT vip, cvp_predict('risk', id) > 0.5, count(*) FROM customers GROUP BY ROLLUP (vip, cvp_predict('risk', id) > 0.5) ORDER BY 1, 2, 3

-- CUBE with HAVING
SELECT country, vip, max(cvp_predict('risk', id)) FROM customers GROUP BY CUBE (country, vip) HAVING max(cvp_predict('risk', id)) > 0.8 ORDER BY 1, 2, 3

-- GROUPING beside a call
SELECT grouping(country), country, cvp_predict('risk', min(id)) FROM customers GROUP BY ROLLUP (country) ORDER BY 1, 2

-- A window ordered by a call
SELECT id, rank() OVER (ORDER BY cvp_predict('risk', id) DESC) FROM customers WHERE id < 20 ORDER BY id

-- A window partitioned by a call
SELECT id, count(*) OVER (PARTITION BY cvp_predict('risk', id) > 0.5) FROM customers WHERE id < 20 ORDER BY id

-- A window function of a call
SELECT id, lag(cvp_predict('risk', id)) OVER (PARTITION BY country ORDER BY id), max(cvp_predict('risk', id)) OVER (PARTITION BY country) FROM customers WHERE id < 20 ORDER BY id

-- A named window
SELECT id, ntile(4) OVER w, first_value(id) OVER w FROM customers WHERE id < 20 WINDOW w AS (PARTITION BY vip ORDER BY cvp_predict('risk', id), id) ORDER BY id

-- A frame
SELECT id, max(cvp_predict('risk', id)) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM customers WHERE id < 20 ORDER BY id

-- A call of a window function
SELECT id, cvp_predict('risk', row_number() OVER (ORDER BY id DESC)) FROM customers WHERE id < 10 ORDER BY id

-- A window over groups
SELECT country, max(cvp_predict('risk', id)), rank() OVER (ORDER BY max(cvp_predict('risk', id)) DESC) FROM customers GROUP BY country ORDER BY country

-- Deciles by ntile
SELECT d, count(*), min(s) FROM (SELECT ntile(10) OVER (ORDER BY cvp_predict('risk', id) DESC, id) AS d, cvp_predict('risk', id) AS s FROM customers) AS x GROUP BY d ORDER BY d

-- An aggregate of an aggregate's window with a FILTER
SELECT country, count(*) FILTER (WHERE cvp_predict('risk', id) > 0.5) AS n, sum(count(*)) OVER () FROM customers GROUP BY country ORDER BY country
