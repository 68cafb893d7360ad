package source

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/leaks"
	"cvp/engine/model"
	"cvp/engine/training"
	"cvp/sqlfuncs/pull"
)

// Source pulls and scores a model's rows on a client's connection.
type Source interface {
	// Score gives the keys it knows among those asked for, each once, and the score of each. Nil asks for
	// every key there is.
	Score(ctx context.Context, conn *pgconn.PgConn, m model.Model, keys *pull.Keys) (*pull.Keys, []float64, error)
	// Inspect gives the features of one key as Score would compute them; asOf is an instant in microseconds since 1970
	// UTC, 0 that of predictions.
	Inspect(ctx context.Context, conn *pgconn.PgConn, key *pull.Keys, asOf int64) (*Inspection, error)
	// KeyEstimate is about how many keys there are, 0 where it is not known.
	KeyEstimate() int64
	// Wholesale reports whether so many keys are asked for that Score reads every row.
	Wholesale(keys int64) bool
	// Queries are the stored queries behind Score, as they are run or with less.
	Queries() []string
	// KeyInteger reports whether Score gives keys as whole numbers.
	KeyInteger() bool
	// KeyColumn is the column of a whole row that identifies it, "" where a row is scored by its columns.
	KeyColumn() string
}

// Data is what a source gives to learn from.
type Data struct {
	Task model.Task
	Plan training.Plan
	// Notes are what the user should know about the rows: dropped ones, assumed links.
	Notes []string
	// Baselines are the columns that rules of thumb read, as training.Request has them.
	Baselines map[string]string
	// Holdout says which rows are the test part, for comparing versions: equal texts, equal rows.
	Holdout string
	// Leaks are attributes that may know the future.
	Leaks []leaks.Finding
	// TestCutoff is where a question's test window begins, 0 for relations.
	TestCutoff int64
}

// Rows is the number of labelled examples.
func (d *Data) Rows() int {
	n := 0
	for _, part := range []*model.Examples{d.Plan.Train, d.Plan.Validate, d.Plan.Test} {
		if part != nil {
			n += len(part.Y)
		}
	}
	return n
}
