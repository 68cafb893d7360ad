package poll

import (
	"bytes"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// TestASocketIsAConnection runs the conformance suite of net.Conn over each kind of socket that is adopted.
func TestASocketIsAConnection(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				p := runningPoller(t)
				a, b := socketPair(t, network)
				s1, err := p.Adopt(a)
				if err != nil {
					return nil, nil, nil, err
				}
				s2, err := p.Adopt(b)
				if err != nil {
					return nil, nil, nil, err
				}
				return s1, s2, func() { p.Release(s1, s2); p.Stop() }, nil
			})
		})
	}
}

// TestQueuedBytesArriveInOrder queues more than the peer takes and reads it slowly.
func TestQueuedBytesArriveInOrder(t *testing.T) {
	p := runningPoller(t)
	defer p.Stop()
	near, far := socketPair(t, "tcp")
	defer far.Close()
	c, err := p.Adopt(near)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release(c)
	drained := make(chan struct{}, 1)
	c.WhenDrained(func() { signal(drained) })
	want := make([]byte, 48<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(want)
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(io.LimitReader(far, int64(len(want))))
		got <- b
	}()
	blocked := 0
	for sent := 0; sent < len(want); {
		n := min(1+int(random.Uint64()%200_000), len(want)-sent)
		left, err := c.Queue(want[sent : sent+n])
		if err != nil {
			t.Fatal(err)
		}
		sent += n
		if left {
			blocked++
			<-drained
		}
	}
	select {
	case b := <-got:
		if !bytes.Equal(b, want) {
			t.Error("other bytes arrived than were queued")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the bytes do not arrive")
	}
	if blocked == 0 {
		t.Error("the peer has taken everything at once: nothing was queued")
	}
}

func TestAHangUpIsNoticedWithoutReading(t *testing.T) {
	p := runningPoller(t)
	defer p.Stop()
	near, far := socketPair(t, "tcp")
	c, err := p.Adopt(near)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release(c)
	gone := make(chan error, 1)
	defer c.Watch(func(err error) { gone <- err })()
	if _, err := far.Write([]byte("nobody reads this")); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-gone:
		t.Fatalf("bytes are taken for the peer's end: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	_ = far.Close()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the peer's end is not noticed")
	}
}

func runningPoller(t testing.TB) *Poller {
	t.Helper()
	p, err := Start(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// socketPair gives the two ends of a new connection.
func socketPair(t testing.TB, network string) (a, b net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if a, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return a, b
}
