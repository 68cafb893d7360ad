package main

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// harm is what was done to a link.
type harm uint8

const (
	unharmed harm = iota
	reset         // TCP RST; on a Unix socket, which has none, an abrupt close
	halfClosed
	silenced   // nothing read, nothing sent, then closed
	terminated // its backend, by pg_terminate_backend
)

// harms are what the killer chooses from.
var harms = []harm{reset, halfClosed, silenced, terminated}

func (h harm) String() string {
	return [...]string{"unharmed", "reset", "half-closed", "silence", "pg_terminate_backend"}[h]
}

// link is a client's connection, as the killer sees it.
type link struct {
	net.Conn
	harm   atomic.Uint32
	silent atomic.Bool
	pid    atomic.Uint32 // of its backend, once it is known
	gone   chan struct{} // closed with the connection
	once   sync.Once
}

func newLink(conn net.Conn) *link { return &link{Conn: conn, gone: make(chan struct{})} }

func (l *link) harmed() harm { return harm(l.harm.Load()) }

// mark notes a harm before it is done, so that the client finds it behind the error it makes.
func (l *link) mark(h harm) { l.harm.Store(uint32(h)) }

// Read implements net.Conn: a silent link reads nothing until it is closed.
func (l *link) Read(b []byte) (int, error) {
	l.hush()
	return l.Conn.Read(b)
}

// Write implements net.Conn.
func (l *link) Write(b []byte) (int, error) {
	l.hush()
	return l.Conn.Write(b)
}

func (l *link) hush() {
	if l.silent.Load() {
		<-l.gone
	}
}

// Close implements net.Conn.
func (l *link) Close() error {
	l.once.Do(func() { close(l.gone) })
	return l.Conn.Close()
}

// reset ends the connection without a word.
func (l *link) reset() {
	if tcp, ok := l.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.Close()
}

// closeHalf sends nothing more.
func (l *link) closeHalf() {
	if half, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// silence neither reads nor sends for a while, and then closes.
func (l *link) silence(d time.Duration) {
	l.silent.Store(true)
	time.AfterFunc(d, func() { _ = l.Close() })
}
