package server

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"cvp/server/frame"
)

// lent is the backend connection while pgconn has it. Its reads never go beyond a ReadyForQuery, so that
// nothing of the backend's is left in pgconn's buffers when the session takes the connection back; on the way
// notices, notifications and parameters go to the client as they are.
type lent struct {
	t          *takeover
	cancelling *cancelling

	reading sync.Mutex  // held while a read is in progress
	over    atomic.Bool // the connection was taken back
	cleared int         // bytes at the front of the buffer that pgconn may have
	stopped bool        // the last cleared frame is a ReadyForQuery
	// left are the bytes to come of a frame whose head is cleared, got the ReadyForQuerys cleared. pgconn may
	// still read in the background when quiet looks at them.
	left, got atomic.Int64

	asked    int // frames written that ReadyForQuery answers
	head     [frame.HeadLen]byte
	headLen  int // bytes of a head that was written in parts
	bodyLeft int // bytes to come of a frame that is being written
}

var _ net.Conn = (*lent)(nil)

// Read gives bytes up to the next ReadyForQuery.
func (l *lent) Read(p []byte) (int, error) {
	l.reading.Lock()
	defer l.reading.Unlock()
	for l.cleared == 0 {
		if l.over.Load() {
			return 0, net.ErrClosed
		}
		l.stopped = false
		if err := l.clear(); err != nil {
			return 0, err
		}
		if l.cleared > 0 {
			break
		}
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	b := l.t.s.backend
	n := copy(p, b.unread()[:l.cleared])
	b.drop(n)
	l.cleared -= n
	return n, nil
}

func (l *lent) fill() error {
	err := l.t.s.backend.fill()
	if err == nil || !isTimeout(err) {
		return err
	}
	if l.over.Load() {
		return net.ErrClosed
	}
	l.t.s.unwake()
	return nil
}

// clear looks at the frames in the buffer and lets pgconn have them, up to a ReadyForQuery or to a frame that
// has to be there in full first.
func (l *lent) clear() error {
	b := l.t.s.backend.unread()
	for !l.stopped {
		rest := b[l.cleared:]
		if left := l.left.Load(); left > 0 {
			n := min(left, int64(len(rest)))
			l.cleared += int(n)
			if l.left.Add(-n) > 0 {
				return nil
			}
			continue
		}
		if len(rest) < frame.HeadLen {
			return nil
		}
		size, err := frame.Size(rest)
		if err != nil {
			return fmt.Errorf("read from backend: %w", err)
		}
		switch rest[0] {
		case frame.ReadyForQuery, frame.NoticeResponse, frame.NotificationResponse, frame.ParameterStatus, frame.ErrorResponse:
			if len(rest) < size {
				return nil
			}
			if err := l.note(rest[:size]); err != nil {
				return err
			}
			l.cleared += size
		default:
			l.left.Store(int64(size))
		}
	}
	return nil
}

// note deals with a frame that is not only pgconn's.
func (l *lent) note(f []byte) error {
	s := l.t.s
	switch f[0] {
	case frame.ReadyForQuery:
		l.got.Add(1)
		l.stopped = true
		l.t.status(f)
		return nil
	case frame.ParameterStatus:
		s.answers.report(f)
		if l.t.late != nil {
			l.t.late.add(f)
			return nil
		}
	case frame.ErrorResponse:
		if !isFatal(f) {
			return nil
		}
	}
	return s.toClient(f, false)
}

// Write gives bytes to the backend and counts the frames that ReadyForQuery answers.
func (l *lent) Write(p []byte) (int, error) {
	if l.over.Load() {
		return 0, net.ErrClosed
	}
	l.count(p)
	if err := l.writeAll(l.t.renaming.frames(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeAll sends pieces, together where they are small.
func (l *lent) writeAll(pieces [][]byte) error {
	size := 0
	for _, b := range pieces {
		size += len(b)
	}
	if size <= replyLimit {
		_, err := l.t.s.backend.conn.Write(bytes.Join(pieces, nil))
		return err
	}
	for _, b := range pieces {
		if _, err := l.t.s.backend.conn.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (l *lent) count(p []byte) {
	for len(p) > 0 {
		if l.bodyLeft > 0 {
			n := min(l.bodyLeft, len(p))
			l.bodyLeft -= n
			p = p[n:]
			continue
		}
		n := copy(l.head[l.headLen:], p)
		l.headLen += n
		p = p[n:]
		if l.headLen < frame.HeadLen {
			return
		}
		l.headLen = 0
		switch l.head[0] {
		case frame.Query, frame.Sync, frame.FunctionCall:
			l.asked++
		}
		if size, err := frame.Size(l.head[:]); err == nil {
			l.bodyLeft = size - frame.HeadLen
		}
	}
}

// takeBack ends the lending: a read that is still blocked in the background returns.
func (l *lent) takeBack() {
	l.over.Store(true)
	l.cancelling.takeBack()
	l.t.s.wake()
	l.reading.Lock()
	defer l.reading.Unlock()
	l.t.s.unwake()
	// What pgconn was given and did not take is of no request any more.
	l.t.s.backend.drop(l.cleared)
	l.cleared = 0
}

// quiet reports that everything asked has been answered.
func (l *lent) quiet() bool {
	return int64(l.asked) == l.got.Load() && l.left.Load() == 0 && l.bodyLeft == 0 && l.headLen == 0
}

// settle brings a connection that was left in the middle of something back to where the next request can be
// sent: it ends a COPY, cancels what runs, and reads the answers that nobody took.
func (l *lent) settle() error {
	if l.bodyLeft > 0 || l.headLen > 0 {
		return errors.New("a message to the backend was cut off")
	}
	t := l.t
	for l.left.Load() > 0 {
		if len(t.s.backend.unread()) == 0 {
			if err := t.more(); err != nil {
				return err
			}
		}
		n := min(int(l.left.Load()), len(t.s.backend.unread()))
		t.s.backend.drop(n)
		l.left.Add(-int64(n))
	}
	got := int(l.got.Load())
	if l.asked > got {
		t.s.server.deliverCancelTo(t.s)
	}
	stop := append([]byte{frame.CopyFail, 0, 0, 0, 5, 0}, frame.AppendSync(nil)...)
	if err := t.send(stop); err != nil {
		return err
	}
	for range l.asked + 1 - got {
		ready, _, err := t.until(frame.ReadyForQuery, nil)
		if err != nil {
			return err
		}
		t.status(ready)
	}
	return nil
}

// Close ends the whole session: pgconn closes only a connection that it holds for broken.
func (l *lent) Close() error {
	if l.over.Load() {
		return nil
	}
	return l.t.s.backend.conn.Close()
}

// LocalAddr is that of the backend connection.
func (l *lent) LocalAddr() net.Addr { return l.t.s.backend.conn.LocalAddr() }

// RemoteAddr is that of the backend connection.
func (l *lent) RemoteAddr() net.Addr { return l.t.s.backend.conn.RemoteAddr() }

// SetDeadline does nothing: deadlines wake readers, and are the session's.
func (l *lent) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, see SetDeadline.
func (l *lent) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, see SetDeadline.
func (l *lent) SetWriteDeadline(time.Time) error { return nil }
