package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config says what a Server listens on and what it relays to.
type Config struct {
	// Listen is host:port, or the path of a Unix socket.
	Listen string
	// Backend is the Postgres that answers.
	Backend Backend
	// TLS secures clients that ask for it; nil refuses.
	TLS *tls.Config
	// TLSMode says whether clients must ask for it; the zero value is AllowTLS.
	TLSMode TLSMode
	// CertNames says which roles a client's certificate stands for; the zero value: the one it names.
	CertNames CertNames
	// Verifiers let clients authenticate by SCRAM, and bind the channel, where TLS ends at the server; nil relays
	// SCRAM as it is, which with TLS on both sides works only for clients that do not bind.
	Verifiers Verifiers
	// Planner recognises the statements that are ours; nil relays everything.
	Planner Planner
	// Log defaults to slog.Default().
	Log *slog.Logger
	// StartupTimeout bounds what a client may take up to its start-up packet, TLS included, and then the
	// connection to the backend. If it is 0, it is one minute, Postgres's own authentication_timeout.
	StartupTimeout time.Duration
	// MaxConnections bounds the sessions at a time; a client beyond gets SQLSTATE 53300. If it is 0, the
	// backend's own limit decides.
	MaxConnections int
	// IdleTimeout ends a session that has been idle outside a transaction for longer, with SQLSTATE 57P05. If it is
	// 0, none is.
	IdleTimeout time.Duration
	// MemoryLimit, in bytes, is near what live memory calls of the engine are refused, with SQLSTATE 53200. If it
	// is 0, none is.
	MemoryLimit int64
	// SlowCall is how long a call of the engine may take without a line in the log. If it is 0, none gets one.
	SlowCall time.Duration
	// Redact gives a statement without its literals, for that line; nil leaves the statement out.
	Redact func(sql string) string
	// ProbeUser is the role that Probe names to the backend. If it is empty, it is postgres.
	ProbeUser string
	// Observer is told of sessions and calls; nil is nobody.
	Observer Observer
}

// Server relays clients to a backend and runs the statements that call the engine.
type Server struct {
	config    Config
	log       *slog.Logger
	observer  Observer
	fenceName string
	memory    memoryGuard

	sessionIDs atomic.Int64
	accepting  sync.WaitGroup // connections being served
	background sync.WaitGroup // cancel requests on their way

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	address   net.Addr
	conns     map[net.Conn]struct{} // clients without a session
	sessions  map[*session]struct{}
	past      Traffic // of sessions that are over
	keys      map[string]*session
	admitted  int
	closing   bool
}

// New checks a configuration.
func New(c Config) (*Server, error) {
	var errs []error
	if len(c.Backend.hosts) == 0 {
		errs = append(errs, errors.New("no backend address"))
	}
	if !c.TLSMode.valid() {
		errs = append(errs, fmt.Errorf("unknown TLS mode %q", c.TLSMode))
	}
	if c.TLS == nil && (c.TLSMode == RequireTLS || c.TLSMode == VerifyClient) {
		errs = append(errs, fmt.Errorf("TLS mode %s needs a certificate", c.TLSMode))
	}
	if c.StartupTimeout < 0 {
		errs = append(errs, errors.New("startup timeout is negative"))
	}
	if c.MaxConnections < 0 {
		errs = append(errs, errors.New("maximum of connections is negative"))
	}
	if c.IdleTimeout < 0 || c.SlowCall < 0 || c.MemoryLimit < 0 {
		errs = append(errs, errors.New("a limit is negative"))
	}
	if c.Backend.bind == "require" && c.Verifiers == nil {
		errs = append(errs, errors.New("channel_binding=require to the backend needs verifiers"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("configure server: %w", err)
	}
	if c.StartupTimeout == 0 {
		c.StartupTimeout = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("name the server's statements: %w", err)
	}
	return &Server{
		config: c, log: c.Log, observer: c.Observer, memory: memoryGuard{limit: c.MemoryLimit}, fenceName: "cvp-" + hex.EncodeToString(random[:]),
		listeners: map[net.Listener]struct{}{}, conns: map[net.Conn]struct{}{},
		sessions: map[*session]struct{}{}, keys: map[string]*session{},
	}, nil
}

// ListenAndServe listens on the configured address and serves until ctx ends or Shutdown is called.
func (s *Server) ListenAndServe(ctx context.Context) error {
	network := "tcp"
	if strings.HasPrefix(s.config.Listen, "/") || strings.HasPrefix(s.config.Listen, "@") {
		network = "unix"
		if err := removeStale(s.config.Listen); err != nil {
			return err
		}
	}
	lc := net.ListenConfig{KeepAliveConfig: keepAlive}
	ln, err := lc.Listen(ctx, network, s.config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.config.Listen, err)
	}
	if network == "unix" && !strings.HasPrefix(s.config.Listen, "@") {
		// Open to every user, as Postgres's own: who may connect is for the backend, or the directory, to say.
		if err := os.Chmod(s.config.Listen, 0o777); err != nil {
			_ = ln.Close()
			return fmt.Errorf("listen on %s: %w", s.config.Listen, err)
		}
	}
	return s.Serve(ctx, ln)
}

// removeStale removes a Unix socket that nobody listens on any more.
func removeStale(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return fmt.Errorf("listen on %s: another server uses it", path)
	}
	return os.Remove(path)
}

// ErrClosed is what Serve returns after Shutdown.
var ErrClosed = errors.New("server is closed")

// Serve accepts clients until ctx ends, which ends every session at once, or until Shutdown. It returns when
// the last session has ended.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	relays, err := startRelays(s.log)
	if err != nil {
		_ = ln.Close()
		return err
	}
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		relays.stop()
		_ = ln.Close()
		return ErrClosed
	}
	s.listeners[ln] = struct{}{}
	s.address = ln.Addr()
	s.mu.Unlock()
	s.log.Info("listening", "address", ln.Addr().String(), "backend", s.config.Backend.String())
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = s.Shutdown(ctx)
	})
	stopSweeping := s.sweepIdle()
	err = s.acceptAll(ln, relays)
	s.accepting.Wait()
	relays.stop()
	s.background.Wait()
	stopSweeping()
	if !stop() {
		<-ended
	}
	return err
}

// acceptAll accepts until the listener is closed. A passing failure (too many open files) is waited out.
func (s *Server) acceptAll(ln net.Listener, relays *relays) error {
	for pause := time.Duration(0); ; {
		conn, err := ln.Accept()
		switch {
		case err == nil:
			pause = 0
		case errors.Is(err, net.ErrClosed):
			return ErrClosed
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			s.log.Warn("accept a client", "reason", err)
			time.Sleep(pause)
			continue
		}
		s.mu.Lock()
		if s.closing {
			s.mu.Unlock()
			_ = conn.Close()
			continue
		}
		s.conns[conn] = struct{}{}
		s.accepting.Add(1)
		s.mu.Unlock()
		go func() {
			defer s.accepting.Done()
			defer s.surviveClient(conn)
			s.accept(conn, relays)
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		}()
	}
}

// Addr is the address that Serve listens on, nil before.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Shutdown stops accepting, ends clients that have no session yet, ends idle sessions with SQLSTATE 57P01 and busy ones when they become idle or,
// at the latest, when ctx ends. It returns when all are gone.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for ln := range s.listeners {
		_ = ln.Close()
	}
	for conn := range s.conns {
		_ = conn.SetDeadline(time.Now())
	}
	open := s.openSessions()
	s.mu.Unlock()
	for _, session := range open {
		session.leave()
	}
	gone := make(chan struct{})
	go func() {
		s.accepting.Wait()
		s.background.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	}
	s.dismissAll()
	<-gone
	return ctx.Err()
}

// dismissAll ends every session.
func (s *Server) dismissAll() {
	s.mu.Lock()
	open := s.openSessions()
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, session := range open {
		all.Go(func() { session.dismiss(shutdownError()) })
	}
	all.Wait()
}

func (s *Server) openSessions() []*session {
	open := make([]*session, 0, len(s.sessions))
	for session := range s.sessions {
		open = append(open, session)
	}
	return open
}

// admit counts a client in, if there is room.
func (s *Server) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit := s.config.MaxConnections; limit > 0 && s.admitted >= limit {
		return false
	}
	s.admitted++
	return true
}

func (s *Server) dismissed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admitted--
}

// register makes a session known, unless the server is shutting down.
func (s *Server) register(session *session, raw net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	delete(s.conns, raw)
	s.sessions[session] = struct{}{}
	return true
}

// keep notes under which key a session can be cancelled.
func (s *Server) keep(session *session, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.key = key
	s.keys[key] = session
}

func (s *Server) forget(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
	s.past.add(session)
	if s.keys[session.key] == session {
		delete(s.keys, session.key)
	}
}
