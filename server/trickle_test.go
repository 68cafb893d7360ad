package server_test

import (
	"io"
	"testing"
	"time"

	"cvp/server"
)

func TestAClientThatTricklesItsStartupPacketIsLeft(t *testing.T) {
	const timeout = 300 * time.Millisecond
	p := start(t, func(c *server.Config) { c.StartupTimeout = timeout; c.MaxConnections = 1 })
	conn := p.dial(t)
	began := time.Now()
	closed := make(chan error, 1)
	go func() { _, err := io.ReadAll(conn); closed <- err }()
	trickle := time.NewTicker(timeout / 20)
	defer trickle.Stop()
	rest := packet(196608, []byte("user\x00postgres\x00application_name\x00a name that is longer than the patience of the server\x00\x00")...)
	for left := false; !left; {
		select {
		case <-closed:
			left = true
		case <-trickle.C:
			if len(rest) > 1 { // never the whole packet
				_, _ = conn.Write(rest[:1])
				rest = rest[1:]
			}
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("a client that sends a byte at a time holds its connection for ever")
		}
	}
	if took := time.Since(began); took < timeout {
		t.Errorf("the client was left after %v, want %v", took, timeout)
	}
	run(t, p.connect(t), "SELECT 1") // and it has held no place
}
