package server_test

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgproto3"
)

// spare is what the server may hold of bytes on their way, for one session: buffers, and what the test makes.
const spare = 2 << 20

// live is the memory in use, in bytes.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// wantSpare fails the test where more memory is in use than before.
func wantSpare(t testing.TB, before int64, what string) {
	t.Helper()
	if more := live() - before; more > spare {
		t.Errorf("%s takes %d KiB of memory, want at most %d", what, more>>10, spare>>10)
	}
}

// mebibytes gives a size of a fault test: the short one, or the full one under `make soak`.
func mebibytes(short, full int) int {
	if os.Getenv("CVP_TEST_FAULTS") == "full" {
		return full
	}
	return short
}

// drained counts what comes up to ReadyForQuery, without keeping it.
func drained(t testing.TB, conn net.Conn) (rows, bytes int) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	var head [frame.HeadLen]byte
	for {
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			t.Fatalf("after %d rows: %v", rows, err)
		}
		size := int64(binary.BigEndian.Uint32(head[1:])) - 4
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			t.Fatalf("after %d rows: %v", rows, err)
		}
		switch head[0] {
		case frame.DataRow:
			rows, bytes = rows+1, bytes+int(size)
		case frame.ErrorResponse:
			t.Fatal("the result ends with an error")
		case frame.ReadyForQuery:
			return rows, bytes
		}
	}
}

func TestAResultThatNobodyReadsWaitsInPostgres(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		rows := mebibytes(64, 1024) // of a MiB each
		c, direct := speak(t, p.database), open(t, p.direct)
		before := live()
		c.Send(query("SELECT repeat('x', 1048576) FROM generate_series(1, " + strconv.Itoa(rows) + ")"))
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		const waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientWrite'"
		for end := time.Now().Add(10 * time.Second); number(t, direct, waits) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("Postgres never waits for the client")
			}
		}
		time.Sleep(100 * time.Millisecond)
		wantSpare(t, before, "a result that nobody reads")
		got, bytes := drained(t, c.conn)
		if got != rows || bytes != rows*(1<<20+6) {
			t.Errorf("%d rows of %d bytes, want %d of %d", got, bytes, rows, rows*(1<<20+6))
		}
		wantSpare(t, before, "a result that was read")
	})
}

func TestALengthThatIsOnlyAnnouncedTakesNoMemory(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		for name, kind := range map[string]byte{"Query": frame.Query, "Parse": frame.Parse, "Bind": frame.Bind, "CopyData": frame.CopyData} {
			t.Run(name, func(t *testing.T) {
				c := speak(t, p.database)
				before := live()
				head := binary.BigEndian.AppendUint32([]byte{kind}, frame.MaxBody+4)
				write(t, c.conn, append(head, "SELECT 1"...))
				time.Sleep(50 * time.Millisecond)
				wantSpare(t, before, "a message of 1 GiB of which 8 bytes came")
			})
		}
	})
}

func TestLongMessagesPassUnchanged(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		value := make([]byte, mebibytes(8, 100)<<20)
		fill(value)
		pg := p.connect(t).PgConn()
		r := pg.ExecParams(t.Context(), "SELECT $1::bytea, sha256($1)", [][]byte{value}, nil, []int16{1}, []int16{1}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		want := sha256.Sum256(value)
		if got := sha256.Sum256(r.Rows[0][0]); got != want {
			t.Error("the value came back changed")
		}
		if string(r.Rows[0][1]) != string(want[:]) {
			t.Error("Postgres got the value changed")
		}
	})
}

// fill writes the same random bytes every time.
func fill(b []byte) {
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b) // never fails
}

func TestManySmallMessagesKeepTheirOrder(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		const syncs, every = 100_000, 1000
		c := speak(t, p.database)
		sent := make(chan error, 1)
		go func() {
			var b []byte
			for i := range syncs {
				if i%every == 0 {
					b = frame.AppendParse(b, "", "SELECT "+strconv.Itoa(i), frame.Types(nil))
					b = frame.AppendBind(b, "", "", nil, nil, nil)
					b = frame.AppendExecute(b, "", 0)
				}
				b = frame.AppendSync(b)
			}
			_, err := c.conn.Write(b)
			sent <- err
		}()
		_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
		ready := 0
		for ready < syncs {
			m, err := c.Receive()
			if err != nil {
				t.Fatalf("after %d answers: %v", ready, err)
			}
			switch m := m.(type) {
			case *pgproto3.ReadyForQuery:
				ready++
			case *pgproto3.DataRow:
				if string(m.Values[0]) != strconv.Itoa(ready) {
					t.Fatalf("answer %d is %q", ready, m.Values[0])
				}
			case *pgproto3.ErrorResponse:
				t.Fatal(m.Message)
			}
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	})
}
