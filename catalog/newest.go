package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Newest is the last version of a model, deployed or not.
type Newest struct {
	Version int
	Spec    json.RawMessage
	Age     time.Duration
	// Young says that Age is less than what was asked for.
	Young bool

	id [16]byte
}

// NewestVersion finds the last version of a model where the current role has trained it, nil otherwise. maxAge is an
// interval as Postgres reads it, by whose clock it is measured too; with "" no version is young.
func NewestVersion(ctx context.Context, conn *pgconn.PgConn, name, maxAge string) (*Newest, error) {
	n := &Newest{}
	var seconds float64
	err := queryRow(ctx, conn, "SELECT n.id, n.version, n.spec, n.age_seconds, n.young FROM cvp.newest_version($1, $2::pg_catalog.text::pg_catalog.interval) AS n",
		[]argument{text(name), optional(maxAge)}, &n.id, &n.Version, &n.Spec, &seconds, &n.Young)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(fmt.Sprintf("look for the newest version of model %q", name), err)
	}
	n.Age = time.Duration(seconds * float64(time.Second))
	return n, nil
}

// Leaderboard gives what the training of the version has given.
func (n *Newest) Leaderboard(ctx context.Context, conn *pgconn.PgConn) ([]Candidate, error) {
	rows, err := query(ctx, conn, "SELECT b.algorithm, b.chosen, b.metric, b.value, b.baseline, b.rows, b.fit_seconds FROM cvp.read_leaderboard($1) AS b",
		argument{pgtype.UUIDOID, n.id})
	if err != nil {
		return nil, failed("read the leaderboard", err)
	}
	var board []Candidate
	var c Candidate
	var value, baseline *float64
	var seconds float64
	_, err = pgx.ForEachRow(rows, []any{&c.Algorithm, &c.Chosen, &c.Metric, &value, &baseline, &c.Rows, &seconds}, func() error {
		c.Value, c.Baseline, c.Fit = orNaN(value), orNaN(baseline), time.Duration(math.Round(seconds*float64(time.Second)))
		board = append(board, c)
		return nil
	})
	if err != nil {
		return nil, failed("read the leaderboard", err)
	}
	return board, nil
}
