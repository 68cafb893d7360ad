package sqlfuncs

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
)

// A key query runs the client's joins once more. Where Postgres expects it to find so many of a model's keys that all rows
// would be read to score them, it is not run: all keys are scored. That the expectation is wrong costs time alone.

// worthAsking is how many keys a model has at least for the question to be asked: scoring fewer is as quick.
const worthAsking = 50_000

// mostReason is why all keys are scored then.
const mostReason = "a fifth of them or more is expected in its SELECT"

// mostOrKeys gives the keys of a group, or nil for all of them where most are expected to be needed.
func (w *work) mostOrKeys(ctx context.Context, g *scoring) (*pull.Keys, error) {
	if g.limited || g.model.source.KeyEstimate() < worthAsking {
		return w.keys(ctx, g)
	}
	var err error
	if g.oid, err = w.keyOID(ctx, g.keys); err != nil {
		return nil, err
	}
	if spellingOf(g.model.source) == uuids && g.oid != pgtype.UUIDOID {
		return w.keys(ctx, g) // a uuid that is spelled in another way is found among those asked for alone
	}
	expected, err := w.expected(ctx, g.distinct())
	if err != nil {
		return nil, err
	}
	if g.most = g.model.source.Wholesale(expected); g.most {
		return nil, nil
	}
	return w.keys(ctx, g)
}

// expected is how many rows Postgres expects a query to give.
func (w *work) expected(ctx context.Context, sql string) (int64, error) {
	var plan pull.Text
	if _, err := pull.Into(ctx, w.conn, w.query("EXPLAIN (FORMAT JSON) "+sql), &plan); err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if len(plan) != 1 || plan[0] == nil {
		return 0, fmt.Errorf("plan the keys: %d rows", len(plan))
	}
	if err := json.Unmarshal([]byte(*plan[0]), &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("read the plan of the keys: %w", err)
	}
	return int64(plans[0].Plan.Rows), nil
}
