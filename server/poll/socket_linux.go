package poll

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Socket is a connection that a poller watches. Its methods as a net.Conn block as usual; Queue and ReadNow
// never do, and are for the poller's own goroutine.
type Socket struct {
	poller        *Poller
	fd            int
	local, remote net.Addr

	readable, writable chan struct{} // an event came since somebody has looked
	closed             chan struct{}
	closing            sync.Once
	reading, writing   deadline

	onRead    atomic.Pointer[func()] // nil: whoever reads is woken
	onDrained func()
	onHangUp  atomic.Pointer[func(error)]
	hungUp    atomic.Bool

	// readMu and mu are held by whoever reads from the descriptor or does anything else with it: none of that
	// blocks, and release waits for it.
	readMu   sync.Mutex
	mu       sync.Mutex
	interest uint32
	pending  []byte // queued and not sent yet
	pooled   *[bufferSize]byte
	failed   error // what ended the sending of queued bytes
}

var _ net.Conn = (*Socket)(nil)

const edges = syscall.EPOLLIN | syscall.EPOLLRDHUP | uint32(1)<<31 // the last is EPOLLET, whose constant is negative

func newSocket(p *Poller, fd int, local, remote net.Addr) *Socket {
	return &Socket{
		poller: p, fd: fd, local: local, remote: remote, interest: edges,
		readable: make(chan struct{}, 1), writable: make(chan struct{}, 1), closed: make(chan struct{}),
		reading: newDeadline(), writing: newDeadline(),
	}
}

// happened handles an event on the poller's goroutine.
func (c *Socket) happened(events uint32) {
	if events&(syscall.EPOLLRDHUP|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.hungUp.Store(true)
		if left := c.onHangUp.Swap(nil); left != nil {
			(*left)(errHungUp)
		}
	}
	if events&(syscall.EPOLLOUT|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		c.drain()
	}
	if events&^syscall.EPOLLOUT != 0 {
		if read := c.onRead.Load(); read != nil {
			(*read)()
		} else {
			signal(c.readable)
		}
	}
}

// errHungUp is how a peer goes whose end nobody has read.
var errHungUp = errors.New("client closed the connection")

// Deliver has the poller call read when there may be something to read, once at least, until Withdraw. Whoever
// calls it lets go of the reading.
func (c *Socket) Deliver(read *func()) {
	c.onRead.Store(read)
	c.Rearm()
}

// Withdraw ends Deliver: from now on whoever calls Read is woken. It is for the function that is called.
func (c *Socket) Withdraw() { c.onRead.Store(nil) }

// IsDelivered reports whether the poller has the reading.
func (c *Socket) IsDelivered() bool { return c.onRead.Load() != nil }

// WhenDrained sets what the poller calls when queued bytes have been sent. It must not be changed later.
func (c *Socket) WhenDrained(drained func()) { c.onDrained = drained }

// Watch calls left, once, when the peer has closed its side, though nobody reads. What it returns ends that.
func (c *Socket) Watch(left func(error)) (stop func()) {
	c.onHangUp.Store(&left)
	if c.HungUp() && c.onHangUp.Swap(nil) != nil {
		left(errHungUp)
	}
	return func() { c.onHangUp.Store(nil) }
}

// HungUp reports that the peer has closed its side, or the connection has failed: what was sent before can
// still be read.
func (c *Socket) HungUp() bool { return c.hungUp.Load() }

// Again has the poller deliver once more after others have had their turn.
func (c *Socket) Again() { c.poller.again = append(c.poller.again, c) }

// Poller is who watches the socket.
func (c *Socket) Poller() *Poller { return c.poller }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// want registers for an event, or for no longer having it. The lock is held. Registering again makes the
// kernel report what is ready now.
func (c *Socket) want(interest uint32) {
	c.interest = interest
	event := syscall.EpollEvent{Events: interest, Fd: int32(c.fd)}
	_ = syscall.EpollCtl(c.poller.epoll, syscall.EPOLL_CTL_MOD, c.fd, &event)
}

// Rearm has the poller report once more what is ready now.
func (c *Socket) Rearm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want(c.interest)
}

// readNow reads what is there: ErrAgain says that nothing is.
func (c *Socket) ReadNow(b []byte) (int, error) {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch {
		case errno == 0 && n == 0 && len(b) > 0:
			return 0, io.EOF
		case errno == 0:
			return int(n), nil
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return 0, ErrAgain
		default:
			return 0, &net.OpError{Op: "read", Net: c.remote.Network(), Source: c.local, Addr: c.remote, Err: os.NewSyscallError("read", errno)}
		}
	}
}

// ErrAgain says that an operation would block.
var ErrAgain = errors.New("operation would block")

func (c *Socket) writeNow(b []byte) (int, error) {
	sent := 0
	for sent < len(b) {
		rest := b[sent:]
		// MSG_NOSIGNAL: a peer that is gone is an error, not a signal.
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)), syscall.MSG_NOSIGNAL, 0, 0)
		switch {
		case errno == 0:
			sent += int(n)
			if int(n) < len(rest) {
				return sent, ErrAgain
			}
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return sent, ErrAgain
		default:
			return sent, &net.OpError{Op: "write", Net: c.remote.Network(), Source: c.local, Addr: c.remote, Err: os.NewSyscallError("write", errno)}
		}
	}
	return sent, nil
}

// Queue sends bytes at once as far as the peer takes them, and the rest when it does: the function of WhenDrained is called then.
// It reports whether some are left; no more should be queued until they are gone.
func (c *Socket) Queue(b []byte) (left bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return false, c.failed
	}
	if len(c.pending) == 0 {
		n, err := c.writeNow(b)
		if err == nil {
			return false, nil
		}
		if err != ErrAgain {
			c.failed = err
			return false, err
		}
		b = b[n:]
	}
	c.keep(b)
	c.want(c.interest | syscall.EPOLLOUT)
	return true, nil
}

// keep adds to the queued bytes. The lock is held.
func (c *Socket) keep(b []byte) {
	if c.pending == nil && len(b) <= bufferSize {
		c.pooled = buffers.Get().(*[bufferSize]byte)
		c.pending = c.pooled[:0]
	}
	c.pending = append(c.pending, b...)
}

// IsBlocked reports whether queued bytes wait for the peer.
func (c *Socket) IsBlocked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) > 0
}

// drain sends queued bytes and tells those who wait for that.
func (c *Socket) drain() {
	c.mu.Lock()
	waited := len(c.pending) > 0
	c.sendPending()
	blocked := len(c.pending) > 0
	if !blocked && c.interest&syscall.EPOLLOUT != 0 {
		c.want(c.interest &^ syscall.EPOLLOUT)
	}
	c.mu.Unlock()
	if blocked {
		return
	}
	signal(c.writable)
	if waited && c.onDrained != nil {
		c.onDrained()
	}
}

// sendPending sends queued bytes as far as the peer takes them. The lock is held.
func (c *Socket) sendPending() {
	if len(c.pending) == 0 {
		return
	}
	n, err := c.writeNow(c.pending)
	switch {
	case err == nil, err != ErrAgain:
		if err != nil {
			c.failed = err
		}
		c.dropPending()
	default:
		c.pending = c.pending[:copy(c.pending, c.pending[n:])]
	}
}

func (c *Socket) dropPending() {
	if c.pooled != nil {
		buffers.Put(c.pooled)
	}
	c.pending, c.pooled = nil, nil
}

// Read reads at least one byte.
func (c *Socket) Read(b []byte) (int, error) {
	for {
		over := c.reading.over()
		select {
		case <-over:
			return 0, os.ErrDeadlineExceeded
		case <-c.closed:
			return 0, net.ErrClosed
		default:
		}
		if n, err := c.ReadNow(b); err != ErrAgain {
			return n, err
		}
		select {
		case <-c.readable:
		case <-over:
		case <-c.closed:
		}
	}
}

// Write writes all bytes, behind those that are queued.
func (c *Socket) Write(b []byte) (int, error) {
	sent := 0
	for {
		over := c.writing.over()
		select {
		case <-over:
			return sent, os.ErrDeadlineExceeded
		case <-c.closed:
			return sent, net.ErrClosed
		default:
		}
		n, err := c.writeOn(b[sent:])
		sent += n
		if err != ErrAgain {
			return sent, err
		}
		select {
		case <-c.writable:
		case <-over:
		case <-c.closed:
		}
	}
}

// writeOn writes what the peer takes now and, where that is not all, has the poller tell when it takes more.
func (c *Socket) writeOn(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sendPending()
	if c.failed != nil {
		return 0, c.failed
	}
	n, err := 0, ErrAgain
	if len(c.pending) == 0 {
		n, err = c.writeNow(b)
	}
	if err == ErrAgain {
		c.want(c.interest | syscall.EPOLLOUT)
	}
	return n, err
}

// CloseWrite tells the peer that nothing more will come.
func (c *Socket) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return syscall.Shutdown(c.fd, syscall.SHUT_WR)
}

// Close ends the connection for the peer and for everybody who waits here. The descriptor goes with release.
func (c *Socket) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		_ = syscall.Shutdown(c.fd, syscall.SHUT_RDWR)
	})
	return nil
}

// release closes the descriptor, whose number may be another connection's at once.
func (c *Socket) release() {
	c.readMu.Lock()
	defer c.readMu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropPending()
	_ = syscall.Close(c.fd)
	c.fd = -1
}

// LocalAddr is the address of this end.
func (c *Socket) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the address of the peer.
func (c *Socket) RemoteAddr() net.Addr { return c.remote }

// SetDeadline bounds Read and Write.
func (c *Socket) SetDeadline(t time.Time) error {
	c.reading.set(t)
	c.writing.set(t)
	return nil
}

// SetReadDeadline bounds Read.
func (c *Socket) SetReadDeadline(t time.Time) error {
	c.reading.set(t)
	return nil
}

// SetWriteDeadline bounds Write.
func (c *Socket) SetWriteDeadline(t time.Time) error {
	c.writing.set(t)
	return nil
}
