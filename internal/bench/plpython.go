package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// plpython measures a logistic regression by cvp_predict beside one of scikit-learn that a PL/Python function calls for
// each row, both learnt from the same rows.
type plpython struct {
	Rows    int `default:"1000000" help:"Rows to score."`
	Rounds  int `default:"3" help:"Rounds of cvp_predict; the median is printed. PL/Python takes its time once."`
	Sampled int `default:"100000" help:"Rows that scikit-learn learns from."`
}

// errNoPython says what the figure needs.
var errNoPython = errors.New("this figure needs PL/Python in Postgres and scikit-learn in the interpreter that it embeds, which is the system's: " +
	"on Debian, apt-get install postgresql-plpython3-15 python3-sklearn")

// Run implements the subcommand.
func (b *plpython) Run(ctx context.Context, c *commands) error {
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
	if _, err := direct.Exec(ctx, "CREATE EXTENSION plpython3u; DO 'import sklearn.linear_model' LANGUAGE plpython3u"); err != nil {
		return fmt.Errorf("%w\n%w", errNoPython, err)
	}
	conn, err := b.prepare(ctx, s, direct)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return b.measure(ctx, direct, conn)
}

// prepare makes the relation, both models, and the function.
func (b *plpython) prepare(ctx context.Context, s *stand, direct *pgx.Conn) (*pgx.Conn, error) {
	list, exprs := twentyColumns()
	if _, err := direct.Exec(ctx, fmt.Sprintf(`
		CREATE TABLE t AS SELECT i AS customer_id, %s, NULL::bool AS y FROM generate_series(1, %d) i;
		UPDATE t SET y = f1 + f2 / 4 - f3 / 9 + random() > 1;
		ALTER TABLE t ADD PRIMARY KEY (customer_id)`, exprs, b.Rows)); err != nil {
		return nil, fmt.Errorf("make the relation: %w", err)
	}
	if _, err := direct.Exec(ctx, "VACUUM (FULL, ANALYZE) t"); err != nil {
		return nil, err
	}
	if _, err := direct.Exec(ctx, fmt.Sprintf(pythonFunctions, list, list, b.Sampled, arguments(), list)); err != nil {
		return nil, fmt.Errorf("make the PL/Python functions: %w", err)
	}
	conn, err := s.through(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "SELECT * FROM cvp_train('m', relation => 't', target => 'y', algorithm => 'logistic')"); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return conn, nil
}

// pythonFunctions fits the model of scikit-learn and scores one row by it. The function keeps the model, so that it is read
// once in a session; a list of one row is what predict_proba takes.
const pythonFunctions = `
CREATE TABLE sk_model (model bytea);
DO $python$
import pickle
from sklearn.linear_model import LogisticRegression
rows = plpy.execute("SELECT ARRAY[%s] AS x, y FROM (SELECT %s, y FROM t LIMIT %d) AS s")
fitted = LogisticRegression(max_iter=1000).fit([r["x"] for r in rows], [r["y"] for r in rows])
plpy.execute(plpy.prepare("INSERT INTO sk_model VALUES ($1)", ["bytea"]), [pickle.dumps(fitted)])
$python$ LANGUAGE plpython3u;
CREATE FUNCTION sk_predict(%s) RETURNS float8 LANGUAGE plpython3u STABLE AS $python$
if "model" not in SD:
    import pickle
    SD["model"] = pickle.loads(plpy.execute("SELECT model FROM sk_model")[0]["model"])
return SD["model"].predict_proba([[%s]])[0][1]
$python$`

// arguments are the parameters of the PL/Python function.
func arguments() string {
	out := ""
	for i := 1; i <= 20; i++ {
		if i > 1 {
			out += ", "
		}
		out += fmt.Sprintf("f%d float8", i)
	}
	return out
}

// measure times both over all rows, and tells how far their scores are apart.
func (b *plpython) measure(ctx context.Context, direct, conn *pgx.Conn) error {
	list, _ := twentyColumns()
	var calls []float64
	for range b.Rounds {
		start := time.Now()
		if err := drain(ctx, conn, "SELECT avg(cvp_predict('m', customer_id)) FROM t"); err != nil {
			return err
		}
		calls = append(calls, time.Since(start).Seconds())
	}
	start := time.Now()
	if err := drain(ctx, direct, "SELECT avg(sk_predict("+list+")) FROM t"); err != nil {
		return fmt.Errorf("PL/Python: %w", err)
	}
	python := time.Since(start).Seconds()
	var apart float64
	if err := conn.QueryRow(ctx, "SELECT avg(abs(cvp_predict('m', customer_id) - sk_predict("+list+"))) FROM t WHERE customer_id <= 1000").Scan(&apart); err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	return print(map[string]any{"figure": "cvp_predict beside PL/Python with scikit-learn", "rows": b.Rows, "seconds": median(calls),
		"plpython_seconds": python, "plpython_us_a_row": python / float64(b.Rows) * 1e6, "times_faster": python / median(calls), "scores_apart": apart})
}
