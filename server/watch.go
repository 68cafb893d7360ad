package server

import (
	"net"
	"sync/atomic"
	"time"
)

// aheadLimit bounds what is read from a client while its session works on a call of ours. Behind it the
// client's sends wait in its own socket, and its going away is no longer noticed.
const aheadLimit = 64 << 10

// watch reads ahead from a client while nobody else does, and calls left when the client goes away.
type watch struct {
	conn     net.Conn
	ahead    []byte
	stopping atomic.Bool
	done     chan struct{}
}

func startWatch(conn net.Conn, left func(error)) *watch {
	w := &watch{conn: conn, done: make(chan struct{})}
	go w.run(left)
	return w
}

func (w *watch) run(left func(error)) {
	defer close(w.done)
	for len(w.ahead) < aheadLimit {
		if len(w.ahead) == cap(w.ahead) {
			w.ahead = append(make([]byte, 0, max(512, 2*cap(w.ahead))), w.ahead...)
		}
		n, err := w.conn.Read(w.ahead[len(w.ahead):cap(w.ahead)])
		w.ahead = w.ahead[:len(w.ahead)+n]
		switch {
		case err == nil:
		case isTimeout(err) && w.stopping.Load():
			return
		case isTimeout(err):
			_ = w.conn.SetReadDeadline(time.Time{})
		default:
			left(err)
			return
		}
	}
}

// stop ends the reading and gives what was read. A deadline in the past is how Go wakes a blocked read.
func (w *watch) stop() []byte {
	w.stopping.Store(true)
	_ = w.conn.SetReadDeadline(time.Unix(1, 0))
	<-w.done
	_ = w.conn.SetReadDeadline(time.Time{})
	return w.ahead
}
