package sqlfuncs

import (
	"context"
	"log/slog"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/server"
	"cvp/sqlfuncs/calls"
)

// Config configures Functions. The zero value works.
type Config struct {
	// Log receives one line per call of the engine; nil discards them.
	Log *slog.Logger
	// CacheBytes bounds the memory of decoded models kept between statements; 0 is 256 MiB.
	CacheBytes int64
	// Threads bounds the processors one call uses; 0 is all of them.
	Threads int
}

// Functions answers the cvp_* calls of all sessions of a server.
type Functions struct {
	log     *slog.Logger
	threads int
	models  *catalog.Cache[*loaded]

	mu        sync.Mutex
	databases map[string]*database
}

var _ server.Planner = (*Functions)(nil)

// New returns Functions for any number of databases and sessions.
func New(c Config) *Functions {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = 256 << 20
	}
	return &Functions{log: c.Log, threads: c.Threads, models: catalog.NewCache[*loaded](c.CacheBytes), databases: map[string]*database{}}
}

// Plan implements server.Planner.
func (f *Functions) Plan(sql string) []server.Statement {
	return f.statements(calls.Split(sql, nil), nil)
}

// statements gives the statements of a query string to the server. views tells the names of views among what they
// read, nil where none is known.
func (f *Functions) statements(parts []calls.Statement, views func(relation string) bool) []server.Statement {
	if parts == nil {
		return nil
	}
	out := make([]server.Statement, len(parts))
	for i := range parts {
		out[i] = &statement{functions: f, views: views, Statement: parts[i], alone: len(parts) == 1}
	}
	return out
}

// Ready implements server.Planner: it brings schema cvp of the session's database to this version.
func (f *Functions) Ready(ctx context.Context, conn *pgconn.PgConn) error {
	return catalog.Install(ctx, conn)
}

// Hint implements server.Hinter: wrong arguments get the right ones.
func (f *Functions) Hint(code, message string) string { return calls.Hint(code, message) }

// Models tells what the cache of decoded models has done so far.
func (f *Functions) Models() catalog.CacheStats { return f.models.Stats() }
