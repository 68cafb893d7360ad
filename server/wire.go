package server

import (
	"errors"
	"io"
	"net"
	"sync"

	"cvp/server/frame"
)

const (
	// smallBuffer is what an idle direction of a session holds: enough for a query and its few rows.
	smallBuffer = 4 << 10
	// streamBuffer is what a direction reads with while bytes keep coming.
	streamBuffer = 64 << 10
	// maxAdvance bounds one step by which a buffer grows to hold a long frame, so that memory follows bytes
	// received and never a length announced.
	maxAdvance = 16 << 20
)

var (
	smallBuffers  = sync.Pool{New: func() any { return new([smallBuffer]byte) }}
	streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}
)

// wire is one side of a session: a connection and the bytes read from it that nobody has used yet. One
// goroutine at a time reads it.
type wire struct {
	conn net.Conn
	// buf[r:w] is unread. buf is nil while nothing is, or small, or for a stream, or somebody else's for the
	// moment (see borrow), or larger for a frame that is wanted whole.
	buf    []byte
	r, w   int
	small  *[smallBuffer]byte
	stream *[streamBuffer]byte
	last   int // bytes that the last read gave
	// broken is the error that ended reading.
	broken   error
	received received
}

func newWire(conn net.Conn) *wire { return &wire{conn: conn} }

// unread gives the bytes that are buffered.
func (w *wire) unread() []byte { return w.buf[w.r:w.w] }

// drop marks n buffered bytes as used.
func (w *wire) drop(n int) { w.r += n }

// fill reads at least one more byte behind the unread ones.
func (w *wire) fill() error {
	w.makeRoom()
	n, err := w.conn.Read(w.buf[w.w:])
	w.w += n
	w.received.count(n)
	w.last = n
	switch {
	case n > 0:
		return nil // an error comes back with the next read
	case err == nil:
		return io.ErrNoProgress
	case isTimeout(err):
		return err // somebody woke us: nothing is lost, reading goes on afterwards
	}
	w.broken = err
	return err
}

// makeRoom sees to free space at the end of the buffer: it starts anew where all is used, moves to a larger
// buffer where the last read filled this one, and returns what a burst or a long frame has taken.
func (w *wire) makeRoom() {
	free := len(w.buf) - w.w
	if w.r == w.w {
		w.r, w.w = 0, 0
		switch {
		case w.buf == nil:
			w.move(smallBuffer)
		case free == 0 && len(w.buf) == smallBuffer:
			w.move(streamBuffer)
		case w.last <= smallBuffer && len(w.buf) > smallBuffer && free > 0:
			w.move(smallBuffer)
		case len(w.buf) > streamBuffer:
			w.move(streamBuffer)
		}
		return
	}
	switch {
	case free > len(w.buf)/4:
	case w.w-w.r <= len(w.buf)/2:
		w.w = copy(w.buf, w.unread())
		w.r = 0
	case free == 0:
		w.move(len(w.buf) + min(len(w.buf), maxAdvance))
	}
}

// move puts the unread bytes at the start of another buffer, of at least size bytes.
func (w *wire) move(size int) {
	old, small, stream := w.unread(), w.small, w.stream
	w.small, w.stream = nil, nil
	switch {
	case size <= smallBuffer:
		w.small = smallBuffers.Get().(*[smallBuffer]byte)
		w.buf = w.small[:]
	case size <= streamBuffer:
		w.stream = streamBuffers.Get().(*[streamBuffer]byte)
		w.buf = w.stream[:]
	default:
		w.buf = make([]byte, size)
	}
	w.w = copy(w.buf, old)
	w.r = 0
	giveBack(small, stream)
}

func giveBack(small *[smallBuffer]byte, stream *[streamBuffer]byte) {
	if small != nil {
		smallBuffers.Put(small)
	}
	if stream != nil {
		streamBuffers.Put(stream)
	}
}

// borrow has the wire read into a buffer that is not its own, if it holds nothing unread; keep ends that.
func (w *wire) borrow(scratch []byte) {
	if w.r == w.w {
		w.release()
		w.buf = scratch
	}
}

// keep moves what is unread out of a borrowed buffer. A wire with nothing unread holds no buffer then.
func (w *wire) keep() {
	switch {
	case w.r == w.w:
		w.release()
	case w.small == nil && w.stream == nil && len(w.buf) == streamBuffer:
		w.move(w.w - w.r)
	}
}

// push puts bytes that were read elsewhere behind the unread ones.
func (w *wire) push(b []byte) {
	if need := w.w - w.r + len(b); len(w.buf)-w.w < len(b) {
		w.move(max(need, len(w.buf)))
	}
	w.w += copy(w.buf[w.w:], b)
	w.received.count(len(b))
}

// release returns the wire's buffer. What is unread is lost.
func (w *wire) release() {
	giveBack(w.small, w.stream)
	w.small, w.stream, w.buf, w.r, w.w = nil, nil, nil, 0, 0
}

// head gives the kind and the length of the next frame, reading until its head is buffered.
func (w *wire) head() (kind byte, size int, err error) {
	for w.w-w.r < frame.HeadLen {
		if err := w.fill(); err != nil {
			return 0, 0, err
		}
	}
	size, err = frame.Size(w.unread())
	return w.buf[w.r], size, err
}

// whole gives the next frame, buffered in full; the caller drops it.
func (w *wire) whole() (kind byte, f []byte, err error) {
	kind, size, err := w.head()
	if err != nil {
		return 0, nil, err
	}
	for w.w-w.r < size {
		if err := w.fill(); err != nil {
			return 0, nil, err
		}
	}
	return kind, w.buf[w.r : w.r+size : w.r+size], nil
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
