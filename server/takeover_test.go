package server_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestACallGivesTheEnginesRows(t *testing.T) {
	p := start(t)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeCacheStatement,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			conn := p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
			for range 3 {
				if n := number(t, conn, "SELECT sum(cvp_double(n)) FROM numbers WHERE n <= $1", int64(10)); n != 110 {
					t.Errorf("sum is %d, want 110", n)
				}
				if n := number(t, conn, "SELECT count(*) FROM numbers"); n != 500 {
					t.Errorf("count is %d, want 500", n)
				}
			}
			if s := conn.PgConn().TxStatus(); s != 'I' {
				t.Errorf("transaction state is %c, want I", s)
			}
		})
	}
}
