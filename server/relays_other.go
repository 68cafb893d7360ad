//go:build !linux

package server

import (
	"log/slog"
	"net"
)

// relays give each session its pumps: only Linux has the poller.
type relays struct{}

func startRelays(*slog.Logger) (*relays, error) { return &relays{}, nil }

func (*relays) stop() {}

func (*relays) join(client, backend net.Conn) (relayer, net.Conn, net.Conn, error) {
	return newPumps(), client, backend, nil
}
