package server_test

import (
	"context"
	"testing"

	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// panicking is a planner whose statements panic in one of the places where the server asks them.
type panicking struct {
	testPlanner
	where string
}

type panickingStatement struct {
	testStatement
	where string
}

func (p *panicking) Plan(sql string) (out []server.Statement) {
	if p.where == "Plan" {
		panic("in Plan")
	}
	for _, st := range p.testPlanner.Plan(sql) {
		out = append(out, &panickingStatement{*st.(*testStatement), p.where})
	}
	return out
}

func (p *panicking) Ready(context.Context, *pgconn.PgConn) error {
	if p.where == "Ready" {
		panic("in Ready")
	}
	return nil
}

func (s *panickingStatement) at(where string) {
	if s.where == where {
		panic("in " + where)
	}
}

func (s *panickingStatement) SQL() string { s.at("SQL"); return s.testStatement.SQL() }

func (s *panickingStatement) Native() bool { s.at("Native"); return s.testStatement.Native() }

func (s *panickingStatement) Repeatable() bool {
	s.at("Repeatable")
	return s.testStatement.Repeatable()
}

func (s *panickingStatement) Position(p int32) int32 {
	s.at("Position")
	return s.testStatement.Position(p)
}

func (s *panickingStatement) Prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	s.at("Prepare")
	return s.testStatement.Prepare(ctx, conn, call)
}

func TestAPanicEndsOneSessionAtMost(t *testing.T) {
	for _, where := range []string{"Plan", "Ready", "SQL", "Native", "Repeatable", "Position", "Prepare"} {
		t.Run(where, func(t *testing.T) {
			p := start(t, withPlanner(&panicking{where: where}))
			other := p.connect(t)
			for _, change := range []func(*pgx.ConnConfig){simpleProtocol, func(*pgx.ConnConfig) {}} {
				conn := p.connect(t, change)
				_, err := conn.Exec(t.Context(), "SELECT cvp_double(1) FROM nowhere")
				if e := pgError(t, err); where != "Plan" && where != "Prepare" && e.Code != "XX000" {
					t.Logf("the client is told %v", e)
				}
				_, _ = conn.Exec(t.Context(), "SELECT cvp_double(1)")
			}
			if number(t, other, "SELECT 1") != 1 || number(t, p.connect(t), "SELECT 1") != 1 {
				t.Error("other sessions are disturbed")
			}
		})
	}
}
