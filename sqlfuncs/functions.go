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
	// Registry keeps the models of the databases that are served; nil keeps those of each database in its schema cvp.
	Registry *catalog.Registry
	// RegistryAs names the Postgres whose databases are served, in the registry; "" has it identify itself.
	RegistryAs string
}

// Functions answers the cvp_* calls of all sessions of a server.
type Functions struct {
	log     *slog.Logger
	threads int
	models  *catalog.Cache[*loaded]
	kept    *kept // nil where models are in the client's own database

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
	return &Functions{log: c.Log, threads: c.Threads, kept: newKept(c.Registry, c.RegistryAs), models: catalog.NewCache[*loaded](c.CacheBytes), databases: map[string]*database{}}
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
		s := &statement{functions: f, views: views, Statement: parts[i], alone: len(parts) == 1}
		if f.kept != nil {
			s.shapeFor(f.kept.surface)
		}
		out[i] = s
	}
	return out
}

// Ready implements server.Planner: it brings schema cvp of the session's database to this version. Where models are in a
// registry, that has been done for the registry's.
func (f *Functions) Ready(ctx context.Context, conn *pgconn.PgConn) error {
	if f.kept != nil {
		return nil
	}
	return catalog.Install(ctx, conn)
}

// Hint implements server.Hinter: wrong arguments get the right ones.
func (f *Functions) Hint(code, message string) string { return calls.Hint(code, message) }

// Models tells what the cache of decoded models has done so far.
func (f *Functions) Models() catalog.CacheStats { return f.models.Stats() }
