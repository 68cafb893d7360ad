package sqlfuncs

import (
	"context"

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
	expected, err := pull.Expected(ctx, w.conn, w.query(g.distinct()))
	if err != nil {
		return nil, err
	}
	if g.most = g.model.source.Wholesale(expected); g.most {
		return nil, nil
	}
	return w.keys(ctx, g)
}
