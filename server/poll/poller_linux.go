package poll

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Poller watches the sockets of many sessions and handles what happens to them, on one goroutine.
//
// Registration is edge-triggered: an event says that something has come since the last one. A socket's own
// goroutine may therefore use it too, without the poller being told.
type Poller struct {
	log     *slog.Logger
	epoll   int
	wakeUp  int // an eventfd, so that the poller looks at its queue
	closing atomic.Bool
	done    chan struct{}

	mu      sync.Mutex
	sockets map[int32]*Socket
	queue   []func() // to be run on the poller's goroutine between two batches of events

	// scratch is what sockets are read with; it holds nothing between two events.
	scratch [bufferSize]byte
	// again are sockets that have more to give than one turn allows.
	again []*Socket
}

// bufferSize is what is read or kept back at a time.
const bufferSize = 64 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Scratch is a buffer for whoever handles an event, until it returns.
func (p *Poller) Scratch() []byte { return p.scratch[:] }

// eventBatch bounds how many events one epoll_wait gives.
const eventBatch = 128

// Start begins to poll; stop ends it.
func Start(log *slog.Logger) (*Poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		_ = syscall.Close(epoll)
		return nil, fmt.Errorf("create eventfd: %w", errno)
	}
	p := &Poller{log: log, epoll: epoll, wakeUp: int(fd), done: make(chan struct{}), sockets: map[int32]*Socket{}}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, p.wakeUp, &event); err != nil {
		_ = syscall.Close(epoll)
		_ = syscall.Close(p.wakeUp)
		return nil, fmt.Errorf("watch eventfd: %w", err)
	}
	go p.run()
	return p, nil
}

// Stop ends the poller. Its sockets must have been closed.
func (p *Poller) Stop() {
	p.closing.Store(true)
	p.wake()
	<-p.done
	_ = syscall.Close(p.epoll)
	_ = syscall.Close(p.wakeUp)
}

func (p *Poller) wake() {
	one := [8]byte{1}
	_, _ = syscall.Write(p.wakeUp, one[:])
}

// run handles events until Stop.
func (p *Poller) run() {
	defer close(p.done)
	var events [eventBatch]syscall.EpollEvent
	var batch [eventBatch]*Socket
	for !p.closing.Load() {
		n := p.wait(&events)
		again := p.again
		p.again = nil
		for _, c := range again {
			p.handle(c, syscall.EPOLLIN)
		}
		p.mu.Lock()
		for i := range n {
			batch[i] = p.sockets[events[i].Fd]
		}
		p.mu.Unlock()
		woken := false
		for i := range n {
			if c := batch[i]; c != nil {
				p.handle(c, events[i].Events)
				batch[i] = nil
			} else {
				woken = woken || events[i].Fd == int32(p.wakeUp)
			}
		}
		if woken {
			p.runQueue() // last: it lets go of sockets that may be in the batch
		}
	}
}

// wait gives the next events. It first asks without blocking, which spares the scheduler's work around a system
// call that blocks: under load there is always something.
func (p *Poller) wait(events *[eventBatch]syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(p.epoll), uintptr(unsafe.Pointer(events)), eventBatch, 0, 0, 0)
	if errno == 0 && n > 0 {
		return int(n)
	}
	if len(p.again) > 0 {
		return 0
	}
	blocked, err := syscall.EpollWait(p.epoll, events[:], -1)
	if err != nil && !errors.Is(err, syscall.EINTR) {
		p.log.Error("wait for events", "reason", err)
	}
	return max(blocked, 0)
}

// handle gives an event to its socket. A panic ends that one's session, not the server.
func (p *Poller) handle(c *Socket, events uint32) {
	defer func() {
		if r := recover(); r != nil {
			p.log.Error("relaying panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			_ = c.Close()
		}
	}()
	c.happened(events)
}

func (p *Poller) runQueue() {
	var drained [8]byte
	_, _ = syscall.Read(p.wakeUp, drained[:])
	p.mu.Lock()
	queue := p.queue
	p.queue = nil
	p.mu.Unlock()
	for _, f := range queue {
		f()
	}
}

// Adopt takes over the descriptor of a connection: Go's poller must not watch it as well, or each event would
// wake two threads. The connection is closed; what is returned takes its place.
func (p *Poller) Adopt(conn net.Conn) (*Socket, error) {
	plain, ok := conn.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("adopt a connection: %T has no descriptor", conn)
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("adopt a connection: %w", err)
	}
	var fd uintptr
	var errno syscall.Errno
	if err := raw.Control(func(old uintptr) {
		fd, _, errno = syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return nil, fmt.Errorf("adopt a connection: %w", err)
	}
	if errno != 0 {
		return nil, fmt.Errorf("adopt a connection: %w", errno)
	}
	c := newSocket(p, int(fd), conn.LocalAddr(), conn.RemoteAddr())
	p.mu.Lock()
	p.sockets[int32(fd)] = c
	p.mu.Unlock()
	event := syscall.EpollEvent{Events: c.interest, Fd: int32(fd)}
	if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		p.forget(c)
		_ = syscall.Close(c.fd)
		return nil, fmt.Errorf("watch a connection: %w", err)
	}
	_ = conn.Close()
	return c, nil
}

func (p *Poller) forget(c *Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, int32(c.fd))
}

// Release ends the watching of sockets and closes their descriptors, once no event of theirs is being handled
// and nobody else uses them.
func (p *Poller) Release(sockets ...*Socket) {
	for _, c := range sockets {
		_ = c.Close()
		_ = syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_DEL, c.fd, &syscall.EpollEvent{})
		p.forget(c)
	}
	between := make(chan struct{})
	p.mu.Lock()
	p.queue = append(p.queue, func() {
		p.again = slices.DeleteFunc(p.again, func(c *Socket) bool { return slices.Contains(sockets, c) })
		close(between)
	})
	p.mu.Unlock()
	p.wake()
	<-between
	for _, c := range sockets {
		c.release()
	}
}
