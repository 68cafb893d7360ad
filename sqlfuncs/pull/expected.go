package pull

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// Expected is how many rows Postgres expects a query to give. Nothing is read for it.
func Expected(ctx context.Context, conn *pgconn.PgConn, q Query) (int64, error) {
	q.SQL = "EXPLAIN (FORMAT JSON) " + q.SQL
	var plan Text
	if _, err := Into(ctx, conn, q, &plan); err != nil {
		return 0, err
	}
	if len(plan) != 1 || plan[0] == nil {
		return 0, fmt.Errorf("plan a query: %d rows", len(plan))
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(*plan[0]), &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("read the plan of a query: %w", err)
	}
	return int64(min(plans[0].Plan.Rows, 1<<62)), nil
}
