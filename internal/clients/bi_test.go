package clients_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// dataset is what a user of a BI tool has saved: a query of his own, or a table or view that he has picked.
type dataset struct{ name, called, plain string }

var datasets = []dataset{
	{"a query", "(SELECT c.customer_id, c.name, c.country, c.joined, cvp_predict('buy30', c.customer_id) AS buy30 FROM customers AS c)",
		"(SELECT c.customer_id, c.name, c.country, c.joined, e.buy30 FROM customers AS c JOIN expected AS e USING (customer_id))"},
	{"a query with a CTE", "(WITH score AS (SELECT customer_id, cvp_predict('buy30', customer_id) AS buy30 FROM customers) SELECT c.customer_id, c.name, c.country, c.joined, s.buy30 FROM customers c JOIN score s USING (customer_id))",
		"(WITH score AS (SELECT * FROM expected) SELECT c.customer_id, c.name, c.country, c.joined, s.buy30 FROM customers c JOIN score s USING (customer_id))"},
	{"a view", "scored", "precomputed"},
	{"a view of a schema, quoted", `"public"."scored"`, `"public"."precomputed"`},
}

// shapes are what Superset and Metabase make of a dataset, which stands for %s.
var shapes = []struct{ name, sql string }{
	{"Superset: samples", "SELECT * FROM %s AS virtual_table\nLIMIT 1000\nOFFSET 0"},
	{"Superset: raw records", `SELECT customer_id AS customer_id, name AS name, buy30 AS buy30 FROM %s AS virtual_table WHERE buy30 > 0.5 AND country IN ('UK', 'DE') ORDER BY customer_id ASC LIMIT 100`},
	{"Superset: time grain", `SELECT DATE_TRUNC('month', joined) AS __timestamp, AVG(buy30) AS "AVG(buy30)", count(*) AS count FROM %s AS virtual_table WHERE joined >= TO_DATE('2021-01-01', 'YYYY-MM-DD') AND joined < TO_DATE('2021-09-01', 'YYYY-MM-DD') GROUP BY DATE_TRUNC('month', joined) ORDER BY "AVG(buy30)" DESC LIMIT 50000`},
	{"Superset: top groups by a metric", `SELECT country AS country, SUM(buy30) AS "Expected Buyers" FROM %s AS virtual_table GROUP BY country ORDER BY "Expected Buyers" DESC LIMIT 10000`},
	{"Superset: series limit as a join", `SELECT DATE_TRUNC('week', joined) AS __timestamp, country AS country, AVG(buy30) AS "avg" FROM %[1]s AS virtual_table JOIN (SELECT country AS country__, AVG(buy30) AS mme_inner__ FROM %[1]s AS virtual_table GROUP BY country ORDER BY mme_inner__ DESC LIMIT 2) AS series_limit ON country = country__ GROUP BY DATE_TRUNC('week', joined), country ORDER BY avg DESC, 1, 2 LIMIT 10000`},
	{"Superset: row count", "SELECT count(*) AS \"rowcount\" FROM (SELECT customer_id AS customer_id FROM %s AS virtual_table WHERE buy30 >= 0.2 LIMIT 1000) AS rowcount_qry"},
	{"Superset: filter values", "SELECT DISTINCT country AS country FROM %s AS virtual_table ORDER BY country LIMIT 1000"},
	{"Superset: custom SQL metric", `SELECT COUNT(*) FILTER (WHERE buy30 > 0.5) AS "likely ones", SUM(CASE WHEN buy30 > 0.5 THEN 1 ELSE 0 END)::float / COUNT(*) AS "share %%" FROM %s AS virtual_table HAVING COUNT(*) > 0`},
	{"Superset: histogram", `SELECT width_bucket(buy30, 0, 1, 10) AS bucket, COUNT(*) FROM %s AS virtual_table GROUP BY 1 ORDER BY 1`},
	{"Superset: probe of the columns", "SELECT * FROM %s AS virtual_table LIMIT 0"},
	{"Metabase: question", `SELECT "source"."customer_id" AS "customer_id", "source"."country" AS "country", "source"."buy30" AS "buy30" FROM %s AS "source" LIMIT 1048575`},
	{"Metabase: summary by month", `SELECT CAST(DATE_TRUNC('month', "source"."joined") AS date) AS "joined", COUNT(*) AS "count", AVG("source"."buy30") AS "avg" FROM %s AS "source" GROUP BY CAST(DATE_TRUNC('month', "source"."joined") AS date) ORDER BY CAST(DATE_TRUNC('month', "source"."joined") AS date) ASC`},
	{"Metabase: binning", `SELECT FLOOR((("source"."buy30" - 0.0) / 0.25)) * 0.25 + 0.0 AS "buy30", COUNT(*) AS "count" FROM %s AS "source" GROUP BY FLOOR((("source"."buy30" - 0.0) / 0.25)) * 0.25 + 0.0 ORDER BY FLOOR((("source"."buy30" - 0.0) / 0.25)) * 0.25 + 0.0 ASC`},
	{"Metabase: custom column, then a filter", `SELECT "source"."customer_id" AS "customer_id", "source"."Score in Percent" AS "Score in Percent" FROM (SELECT "source"."customer_id" AS "customer_id", "source"."buy30" * 100 AS "Score in Percent" FROM %s AS "source") AS "source" WHERE ("source"."Score in Percent" >= 50) AND ("source"."Score in Percent" < 90) ORDER BY "source"."customer_id" ASC LIMIT 2000`},
	{"Metabase: join with a table", `SELECT "source"."country" AS "country", SUM("Orders"."amount") AS "sum" FROM %s AS "source" LEFT JOIN "public"."orders" AS "Orders" ON "source"."customer_id" = "Orders"."customer_id" WHERE "source"."buy30" > 0.5 GROUP BY "source"."country" ORDER BY "sum" DESC, "source"."country" ASC`},
	{"Metabase: summary of a summary", `SELECT AVG("source"."max") AS "avg of max" FROM (SELECT "source"."country" AS "country", MAX("source"."buy30") AS "max" FROM %s AS "source" GROUP BY "source"."country") AS "source"`},
	{"Metabase: distinct and null counts", `SELECT COUNT(DISTINCT "source"."country") AS "count", COUNT(*) - COUNT("source"."buy30") AS "nulls", PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY "source"."buy30") AS "median" FROM %s AS "source"`},
	{"Tableau: a count over everything", `SELECT COUNT(*) OVER () AS "total", RANK() OVER (PARTITION BY "Custom SQL Query"."country" ORDER BY "Custom SQL Query"."buy30" DESC NULLS LAST) AS "Rank in Country", "Custom SQL Query"."customer_id" AS "id" FROM %s "Custom SQL Query" ORDER BY 3 LIMIT 40`},
	{"Grafana: in a CTE", `WITH "Data Set" AS (SELECT * FROM %s AS q) SELECT joined AS "time", buy30 AS "Chance To Buy" FROM "Data Set" WHERE joined BETWEEN '2021-03-01' AND '2021-06-01' ORDER BY 1, 2`},
	{"DBeaver: data of a table, filtered and sorted", "SELECT x.* FROM %s x\nWHERE buy30 > 0.5\nORDER BY x.customer_id DESC"},
	{"DBeaver: row count", "SELECT COUNT(*) FROM (SELECT * FROM %s AS q) dbvrcnt"},
	{"DBeaver: grouping panel", `SELECT country, COUNT(*) FROM (SELECT * FROM %s AS q) dbvrcnt GROUP BY country ORDER BY 2 DESC, 1`},
	{"Power BI: nested", `select "_"."country", "_"."a0" from (select "rows"."country" as "country", sum("rows"."buy30") as "a0" from (select "customer_id", "country", "buy30" from %s "$Table" where "country" = 'FR') "rows" group by "country") "_" where not "_"."a0" is null limit 1000001`},
}

func TestWhatBusinessIntelligenceAsksOfADatasetIsAsOverAPrecomputedTable(t *testing.T) {
	s := newShop(t)
	s.exec("SET timezone = 'UTC'")
	for _, d := range datasets {
		for _, shape := range shapes {
			t.Run(d.name+"/"+shape.name, func(t *testing.T) {
				want, got := ask(t, s, fmt.Sprintf(shape.sql, d.plain)), ask(t, s, fmt.Sprintf(shape.sql, d.called))
				if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
					t.Errorf("%s\n%s", fmt.Sprintf(shape.sql, d.called), diff)
				}
			})
		}
	}
}

// ask gives names and types of the columns and then the rows, sorted unless the statement sorts them.
func ask(t *testing.T, s *shop, sql string) []string {
	t.Helper()
	rows, err := s.conn.Query(t.Context(), sql, pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var columns []string
	for _, f := range rows.FieldDescriptions() {
		columns = append(columns, fmt.Sprint(f.Name, " ", f.DataTypeOID))
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return figures(values), err
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if !strings.Contains(sql, "ORDER BY") {
		slices.Sort(out)
	}
	return append([]string{strings.Join(columns, ", ")}, out...)
}

// figures writes a row; sums of floats depend on the order of the rows in their last bits.
func figures(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprint(v)
		if f, ok := v.(float64); ok {
			parts[i] = fmt.Sprintf("%.10g", f)
		}
	}
	return strings.Join(parts, "|")
}
