package server_test

import (
	"encoding/binary"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgproto3"
)

// gone bounds how long a vanished client's backend may live.
const gone = time.Second

func TestTheBackendOfAClientThatVanishesIsGoneWithinASecond(t *testing.T) {
	// cut sends a frame up to a byte.
	cut := func(b []byte, n int) func(*testing.T, *wireClient) {
		return func(t *testing.T, c *wireClient) { write(t, c.conn, b[:n]) }
	}
	long := frame.AppendQuery(nil, "SELECT "+strings.Repeat(" ", 10_000)+"1")
	situations := map[string]func(t *testing.T, c *wireClient){
		"idle":                     func(*testing.T, *wireClient) {},
		"half the head of a Query": cut(long, 3),
		"half a Query":             cut(long, len(long)/2),
		"half a Parse":             cut(frame.AppendParse(nil, "s", strings.Repeat("x", 100), frame.Types(nil)), 50),
		"half a Bind":              cut(frame.AppendBind(nil, "p", "s", nil, [][]byte{make([]byte, 100_000)}, nil), 70_000),
		"a Parse without a Sync":   func(t *testing.T, c *wireClient) { begun(t, c, parse("", "SELECT 1"), flush) },
		"an open transaction":      func(t *testing.T, c *wireClient) { begun(t, c, query("BEGIN; LOCK TABLE numbers")) },
		"a query that runs":        func(t *testing.T, c *wireClient) { sent(t, c, query("SELECT pg_sleep(60)")) },
		"a call that runs":         func(t *testing.T, c *wireClient) { sent(t, c, query("SELECT cvp_sleep()")) },
		"a result nobody has read": func(t *testing.T, c *wireClient) {
			sent(t, c, query("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"))
		},
		"half a COPY": func(t *testing.T, c *wireClient) { begun(t, c, query("COPY trained FROM STDIN"), copyData("1\n")) },
		"a COPY cut within a line": func(t *testing.T, c *wireClient) {
			begun(t, c, query("COPY trained FROM STDIN"))
			write(t, c.conn, []byte{'d', 0, 0, 1, 0, '1'})
		},
		"an error that is not synced": func(t *testing.T, c *wireClient) { begun(t, c, parse("", "SELEC"), flush) },
	}
	p := start(t)
	direct := open(t, p.direct)
	for name, reach := range situations {
		for way, vanish := range map[string]func(net.Conn){
			"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() },
			"closed": func(c net.Conn) { _ = c.Close() },
		} {
			t.Run(name+", "+way, func(t *testing.T) {
				c := speak(t, p.database)
				reach(t, c)
				vanish(c.conn)
				left := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
				for end := time.Now().Add(gone); number(t, direct, left) > 0; time.Sleep(5 * time.Millisecond) {
					if time.Now().After(end) {
						t.Fatalf("the backend is still there after %v", gone)
					}
				}
			})
		}
	}
}

// sent sends a frame and gives it the time to reach Postgres.
func sent(t *testing.T, c *wireClient, f pgproto3.FrontendMessage) {
	t.Helper()
	c.Send(f)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
}

// begun sends frames and reads one answer.
func begun(t *testing.T, c *wireClient, f ...pgproto3.FrontendMessage) {
	t.Helper()
	for _, f := range f {
		c.Send(f)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Receive(); err != nil {
		t.Fatal(err)
	}
}

func TestAClientThatVanishesBeforeItsSessionLeavesNothing(t *testing.T) {
	p := start(t)
	run(t, p.connect(t), "SELECT 1") // what serving itself takes is there from now on
	full := packet(196608, []byte("user\x00nobody-of-this-name\x00\x00")...)
	for name, b := range map[string][]byte{
		"nothing":                        nil,
		"two bytes of a length":          full[:2],
		"half a start-up packet":         full[:12],
		"a start-up packet":              full,
		"a request for TLS":              packet(80877103),
		"a length that is never reached": binary.BigEndian.AppendUint32(nil, 9000),
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			for range 20 {
				conn := p.dial(t)
				write(t, conn, b)
				_ = conn.(*net.TCPConn).SetLinger(0)
				_ = conn.Close()
			}
			awaitGoroutines(t, before)
		})
	}
	if n := number(t, p.connect(t), "SELECT 1"); n != 1 {
		t.Error("the server does not go on")
	}
}

// awaitGoroutines waits until there are no more than before.
func awaitGoroutines(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, before the clients there were %d", runtime.NumGoroutine(), before)
		}
	}
}
