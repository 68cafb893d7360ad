package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"
)

// stub is a backend that lets every client in, as PostgreSQL 15 does with trust, and then says nothing. Its
// thousands of sessions fit where those of Postgres, a process each, would not.
type stub struct {
	listener net.Listener
	greeting []byte
	all      sync.WaitGroup
}

// reported are the parameters that PostgreSQL 15 reports at the start, of the usual lengths.
var reported = [][2]string{
	{"application_name", "idle"}, {"client_encoding", "UTF8"}, {"DateStyle", "ISO, MDY"},
	{"default_transaction_read_only", "off"}, {"in_hot_standby", "off"}, {"integer_datetimes", "on"},
	{"IntervalStyle", "postgres"}, {"is_superuser", "on"}, {"server_encoding", "UTF8"},
	{"server_version", "15.14 (Debian 15.14-0+deb12u1)"}, {"session_authorization", "postgres"},
	{"standard_conforming_strings", "on"}, {"TimeZone", "Etc/UTC"},
}

func startStub() (*stub, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen as a stub: %w", err)
	}
	s := &stub{listener: l}
	messages := []pgproto3.BackendMessage{&pgproto3.AuthenticationOk{}}
	for _, p := range reported {
		messages = append(messages, &pgproto3.ParameterStatus{Name: p[0], Value: p[1]})
	}
	messages = append(messages, &pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
	for _, m := range messages {
		if s.greeting, err = m.Encode(s.greeting); err != nil {
			return nil, fmt.Errorf("write the greeting of a stub: %w", err)
		}
	}
	s.all.Go(s.accept)
	return s, nil
}

func (s *stub) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.serve(conn) })
	}
}

// serve greets a client and waits for its end.
func (s *stub) serve(conn net.Conn) {
	defer conn.Close()
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[:]))-4); err != nil {
		return
	}
	if _, err := conn.Write(s.greeting); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}

// stop ends the stub once its clients are gone.
func (s *stub) stop() {
	_ = s.listener.Close()
	s.all.Wait()
}
