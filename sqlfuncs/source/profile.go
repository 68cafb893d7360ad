package source

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/prep"
	"cvp/sqlfuncs/pull"
)

// Profile reads all columns of a relation and tells what cleaning finds in each, in their order.
func (r *Relation) Profile(ctx context.Context, conn *pgconn.PgConn, fields []pgconn.FieldDescription) ([]prep.Profile, error) {
	r.Features = describing(fields, nil)
	if len(r.Features) == 0 {
		return nil, nil
	}
	x, err := r.frame(ctx, conn, pull.Query{SQL: "SELECT " + strings.Join(r.featureList(), ", ") + " FROM " + r.From + " AS " + alias})
	if err != nil {
		return nil, fmt.Errorf("pull rows to profile: %w", err)
	}
	return prep.ProfileOf(x), nil
}
