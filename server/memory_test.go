package server_test

import (
	"runtime"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
)

func TestCallsAreRefusedNearTheMemoryLimit(t *testing.T) {
	const limit = 256 << 20
	p := start(t, func(c *server.Config) { c.MemoryLimit = limit })
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement} {
		conn := p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
		if n := number(t, conn, "SELECT cvp_double(2)"); n != 4 {
			t.Fatalf("with memory to spare the call gives %d", n)
		}
		ballast := make([]byte, limit)
		runtime.GC() // or the next collection would find it
		e := refusal(t, conn, "SELECT cvp_double(2)")
		if e.Code != "53200" || e.Message != "out of memory" || e.Hint == "" || e.Detail == "" {
			t.Errorf("error is %+v, want 53200 with detail and hint", e)
		}
		run(t, conn, "SELECT 1") // the session lives on
		run(t, conn, "BEGIN")
		wantCode(t, refusal(t, conn, "SELECT cvp_double(2)"), "53200")
		wantCode(t, refusal(t, conn, "SELECT 1"), "25P02") // as after every error
		run(t, conn, "ROLLBACK")
		runtime.KeepAlive(ballast)
		ballast = nil
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			// Nothing but the refused calls themselves collects the garbage.
			if _, err := conn.Exec(t.Context(), "SELECT cvp_double(2)"); err == nil {
				break
			} else if wantCode(t, err, "53200"); time.Now().After(deadline) {
				t.Fatal("calls are refused though the memory is free")
			}
		}
	}
}
