package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// statements measures calls where statements have them, each beside the same statement over a table of scores.
type statements struct {
	Rows    int  `default:"1000000" help:"Rows of the relation."`
	Orders  int  `default:"2000000" help:"Rows of the table joined to it."`
	Rounds  int  `default:"5" help:"Rounds; medians are printed."`
	Keys    int  `default:"2000" help:"Single keys asked for."`
	Latency bool `default:"true" negatable:"" help:"Time single keys too."`
}

// shapes are the statements, with S for the score and F for where it comes from.
var shapes = []struct{ name, scored, plain string }{
	{"avg", "SELECT avg(cvp_predict('m', customer_id)) FROM t", "SELECT avg(score) FROM t JOIN scores USING (customer_id)"},
	{"group by", "SELECT country, avg(cvp_predict('m', customer_id)) FROM t GROUP BY country", "SELECT country, avg(score) FROM t JOIN scores USING (customer_id) GROUP BY country"},
	{"join", "SELECT sum(o.amount * cvp_predict('m', t.customer_id)) FROM t JOIN orders o ON o.customer_id = t.customer_id",
		"SELECT sum(o.amount * score) FROM t JOIN scores USING (customer_id) JOIN orders o ON o.customer_id = t.customer_id"},
	{"view", "SELECT country, avg(score) FROM scored GROUP BY country", "SELECT country, avg(score) FROM t JOIN scores USING (customer_id) GROUP BY country"},
	{"where, order, limit", "SELECT customer_id FROM t WHERE cvp_predict('m', customer_id) > 0.9 ORDER BY 1 LIMIT 100",
		"SELECT customer_id FROM t JOIN scores USING (customer_id) WHERE score > 0.9 ORDER BY 1 LIMIT 100"},
	{"view, limit", "SELECT * FROM scored ORDER BY customer_id LIMIT 100", "SELECT t.customer_id, country, score FROM t JOIN scores USING (customer_id) ORDER BY customer_id LIMIT 100"},
	{"view, one key", "SELECT * FROM scored WHERE customer_id = 4242", "SELECT t.customer_id, country, score FROM t JOIN scores USING (customer_id) WHERE customer_id = 4242"},
	{"copy", "COPY (SELECT customer_id, cvp_predict('m', customer_id) FROM t) TO STDOUT", "COPY (SELECT customer_id, score FROM t JOIN scores USING (customer_id)) TO STDOUT"},
}

// Run implements the subcommand.
func (b *statements) Run(ctx context.Context, c *commands) error {
	s, err := newStand(ctx, c.Server)
	if err != nil {
		return err
	}
	defer s.close()
	direct, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	conn, err := b.prepare(ctx, s, direct)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, shape := range shapes {
		if err := b.measure(ctx, direct, conn, shape.name, shape.scored, shape.plain); err != nil {
			return fmt.Errorf("%s: %w", shape.name, err)
		}
	}
	if b.Latency {
		if err := b.keys(ctx, conn); err != nil {
			return err
		}
	}
	peak, err := s.peak()
	if err != nil {
		return err
	}
	return print(map[string]any{"figure": "peak memory of the server", "rows": b.Rows, "mib": peak >> 20})
}

// prepare makes the relation, the orders, the view, the model and the table of scores.
func (b *statements) prepare(ctx context.Context, s *stand, direct *pgx.Conn) (*pgx.Conn, error) {
	_, exprs := twentyColumns()
	if _, err := direct.Exec(ctx, fmt.Sprintf(`
		CREATE TABLE t AS SELECT i AS customer_id, (ARRAY['UK','DE','FR','ES','IT'])[1 + i %% 5] AS country, %s, random() > 0.5 AS y FROM generate_series(1, %d) i;
		ALTER TABLE t ADD PRIMARY KEY (customer_id);
		CREATE TABLE orders AS SELECT (1 + random() * %d)::int AS customer_id, random() AS amount FROM generate_series(1, %d)`, exprs, b.Rows, b.Rows-1, b.Orders)); err != nil {
		return nil, fmt.Errorf("make the relations: %w", err)
	}
	if _, err := direct.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return nil, err
	}
	conn, err := s.through(ctx)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{
		"SELECT * FROM cvp_train('m', relation => 't', target => 'y', algorithm => 'logistic', options => '{\"exclude\": [\"country\"]}')",
		"SELECT cvp_deploy('m', 1)",
		"CREATE TABLE scores AS SELECT key::int AS customer_id, prediction AS score FROM cvp_predictions('m')",
		"ALTER TABLE scores ADD PRIMARY KEY (customer_id)",
		"CREATE VIEW scored AS SELECT customer_id, country, cvp_predict('m', customer_id) AS score FROM t",
		"ANALYZE scores",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return conn, nil
}

// measure times a statement with a call, the same over scores, and binary COPY of the features.
func (b *statements) measure(ctx context.Context, direct, conn *pgx.Conn, name, scored, plain string) error {
	list, _ := twentyColumns()
	var copies, calls, plains []float64
	for range b.Rounds {
		for _, m := range []struct {
			conn *pgx.Conn
			sql  string
			into *[]float64
		}{{direct, "COPY (SELECT customer_id, " + list + " FROM t) TO STDOUT (FORMAT binary)", &copies}, {conn, scored, &calls}, {conn, plain, &plains}} {
			start := time.Now()
			if err := drain(ctx, m.conn, m.sql); err != nil {
				return err
			}
			*m.into = append(*m.into, time.Since(start).Seconds())
		}
	}
	return print(map[string]any{"figure": name, "copy_seconds": median(copies), "seconds": median(calls), "plain_seconds": median(plains),
		"to_copy": median(calls) / median(copies), "beyond_plain_to_copy": (median(calls) - median(plains)) / median(copies)})
}

// drain runs a statement and reads all that it gives.
func drain(ctx context.Context, conn *pgx.Conn, sql string) error {
	if len(sql) > 4 && sql[:4] == "COPY" {
		_, err := conn.PgConn().CopyTo(ctx, io.Discard, sql)
		return err
	}
	rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return rows.Err()
}

// keys times one key at a time, prepared, beside the bare row.
func (b *statements) keys(ctx context.Context, conn *pgx.Conn) error {
	const scored, bare = "SELECT customer_id, cvp_predict('m', customer_id) FROM t WHERE customer_id = $1", "SELECT customer_id, f1 FROM t WHERE customer_id = $1"
	var calls, rows []float64
	for i := range b.Keys {
		for _, m := range []struct {
			sql  string
			into *[]float64
		}{{scored, &calls}, {bare, &rows}} {
			start := time.Now()
			var id int
			var v float64
			if err := conn.QueryRow(ctx, m.sql, 1+i*7%b.Rows).Scan(&id, &v); err != nil {
				return err
			}
			if i >= b.Keys/10 { // warm
				*m.into = append(*m.into, time.Since(start).Seconds()*1000)
			}
		}
	}
	slices.Sort(calls)
	return print(map[string]any{"figure": "one key, prepared", "p50_ms": median(calls), "p99_ms": calls[len(calls)*99/100],
		"bare_p50_ms": median(rows), "to_bare": median(calls) / median(rows)})
}

// twentyColumns are 20 columns of numbers: their names, and the SQL that makes them.
func twentyColumns() (names, exprs string) {
	var n, e []string
	for i := 1; i <= 20; i++ {
		n = append(n, fmt.Sprintf("f%d", i))
		e = append(e, fmt.Sprintf("random() * %d AS f%d", i, i))
	}
	return strings.Join(n, ", "), strings.Join(e, ", ")
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
