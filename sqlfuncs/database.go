package sqlfuncs

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/server"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/views"
)

// database plans for the sessions of one database: it knows its views that hold an engine call.
type database struct {
	*Functions
	views *views.Names
}

var (
	_ server.Learner         = (*Functions)(nil)
	_ server.DatabasePlanner = (*database)(nil)
)

// Database implements server.Learner.
func (f *Functions) Database(name string) server.DatabasePlanner {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.databases[name]
	if d == nil {
		d = &database{Functions: f, views: &views.Names{}}
		f.databases[name] = d
	}
	return d
}

// Plan implements server.Planner.
func (d *database) Plan(sql string) []server.Statement {
	if d.kept != nil {
		return d.Functions.Plan(sql) // no view can hold a call
	}
	parts := calls.Split(sql, d.views.Has)
	for _, part := range parts {
		d.views.Add(part.Defines...)
	}
	return d.statements(parts, d.views.Has)
}

// Mentions implements server.DatabasePlanner.
func (d *database) Mentions(sql []byte) bool { return d.views.Mentions(sql) }

// Due implements server.DatabasePlanner.
func (d *database) Due() bool { return d.kept == nil && d.views.Due() }

// Learn implements server.DatabasePlanner.
func (d *database) Learn(ctx context.Context, conn *pgconn.PgConn) error {
	return d.views.Learn(ctx, conn)
}
