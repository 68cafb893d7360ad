package catalog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// NewVersion is a training that is done.
type NewVersion struct {
	Description
	Artifact    []byte
	Metrics     []Metric
	Leaderboard []Candidate
	Steps       []Step
	// Deploy makes it the deployed version.
	Deploy bool
}

// Metric is one figure of quality on one split; NaN is unknown.
type Metric struct {
	Split, Metric string
	Value         float64
}

// Candidate is one algorithm tried, the baseline among them.
type Candidate struct {
	Algorithm       string
	Chosen          bool
	Metric          string
	Value, Baseline float64 // NaN is unknown
	Rows            int64
	Fit             time.Duration
}

// Step is one epoch, round or trial.
type Step struct {
	Algorithm         string
	Trial, Step       int
	Train, Validation float64 // mean loss, NaN where not computed
	Elapsed           time.Duration
}

// mostArtifact is the largest artifact stored: Postgres takes messages and values of 1 GiB, the rest of the row
// included.
const mostArtifact = 1<<30 - 1<<20

// Save stores a version under the next number of its model, which it makes where it is new. From here to the end
// of the transaction other trainings of the same name wait, so numbers never repeat.
func Save(ctx context.Context, conn *pgconn.PgConn, v NewVersion) (version int, err error) {
	if len(v.Artifact) > mostArtifact {
		return 0, refusal("54000", fmt.Sprintf("model %q takes %d bytes, the registry stores at most %d", v.Name, len(v.Artifact), mostArtifact),
			"Train a smaller one: fewer trees, units or features.")
	}
	id, version, err := saveVersion(ctx, conn, v)
	if err == nil {
		err = saveMetrics(ctx, conn, id, v.Metrics)
	}
	if err == nil {
		err = saveLeaderboard(ctx, conn, id, v.Leaderboard)
	}
	if err == nil {
		err = saveSteps(ctx, conn, id, v.Steps)
	}
	if err == nil && v.Deploy {
		err = execute(ctx, conn, "SELECT cvp.put_live($1, NULL)", argument{pgtype.UUIDOID, id})
	}
	if err != nil {
		return 0, failed(fmt.Sprintf("save model %q", v.Name), err)
	}
	return version, nil
}

func saveVersion(ctx context.Context, conn *pgconn.PgConn, v NewVersion) (id [16]byte, version int, err error) {
	spec := v.Spec
	if len(spec) == 0 {
		spec = []byte("{}")
	}
	err = queryRow(ctx, conn, `
SELECT s.id, s.version
FROM cvp.save_version($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS s`,
		[]argument{
			text(v.Name), text(string(v.Kind)), optional(v.Question), optional(v.Relation), optional(v.Target),
			optional(v.Key), text(v.Algorithm), text(string(v.Task)), text(v.Metric), number(v.Value),
			number(v.Baseline), {pgtype.BoolOID, v.HigherBetter}, {pgtype.Int8OID, v.Rows}, {pgtype.JSONBOID, []byte(spec)},
			{pgtype.ByteaOID, v.Artifact},
		}, &id, &version)
	return id, version, err
}

func saveMetrics(ctx context.Context, conn *pgconn.PgConn, id [16]byte, metrics []Metric) error {
	if len(metrics) == 0 {
		return nil
	}
	return execute(ctx, conn, "SELECT cvp.save_metrics($1, $2, $3, $4)", argument{pgtype.UUIDOID, id},
		texts(metrics, func(m Metric) string { return m.Split }),
		texts(metrics, func(m Metric) string { return m.Metric }),
		numbers(metrics, func(m Metric) float64 { return m.Value }))
}

func saveLeaderboard(ctx context.Context, conn *pgconn.PgConn, id [16]byte, board []Candidate) error {
	if len(board) == 0 {
		return nil
	}
	return execute(ctx, conn, "SELECT cvp.save_leaderboard($1, $2, $3, $4, $5, $6, $7, $8)", argument{pgtype.UUIDOID, id},
		texts(board, func(c Candidate) string { return c.Algorithm }),
		argument{pgtype.BoolArrayOID, collect(board, func(c Candidate) bool { return c.Chosen })},
		texts(board, func(c Candidate) string { return c.Metric }),
		numbers(board, func(c Candidate) float64 { return c.Value }),
		numbers(board, func(c Candidate) float64 { return c.Baseline }),
		argument{pgtype.Int8ArrayOID, collect(board, func(c Candidate) int64 { return c.Rows })},
		numbers(board, func(c Candidate) float64 { return c.Fit.Seconds() }))
}

func saveSteps(ctx context.Context, conn *pgconn.PgConn, id [16]byte, steps []Step) error {
	if len(steps) == 0 {
		return nil
	}
	return execute(ctx, conn, "SELECT cvp.save_runs($1, $2, $3, $4, $5, $6, $7)", argument{pgtype.UUIDOID, id},
		texts(steps, func(s Step) string { return s.Algorithm }),
		argument{pgtype.Int4ArrayOID, collect(steps, func(s Step) int32 { return int32(s.Trial) })},
		argument{pgtype.Int4ArrayOID, collect(steps, func(s Step) int32 { return int32(s.Step) })},
		numbers(steps, func(s Step) float64 { return s.Train }),
		numbers(steps, func(s Step) float64 { return s.Validation }),
		numbers(steps, func(s Step) float64 { return s.Elapsed.Seconds() }))
}

// number sends NaN as NULL.
func number(f float64) argument { return argument{pgtype.Float8OID, orNull(f)} }

func orNull(f float64) *float64 {
	if math.IsNaN(f) {
		return nil
	}
	return &f
}

func texts[T any](from []T, field func(T) string) argument {
	return argument{pgtype.TextArrayOID, collect(from, field)}
}

func numbers[T any](from []T, field func(T) float64) argument {
	return argument{pgtype.Float8ArrayOID, collect(from, func(v T) *float64 { return orNull(field(v)) })}
}

func collect[T, F any](from []T, field func(T) F) []F {
	out := make([]F, len(from))
	for i, v := range from {
		out[i] = field(v)
	}
	return out
}
