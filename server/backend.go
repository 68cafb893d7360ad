package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// alpn is the protocol name of Postgres in TLS.
const alpn = "postgresql"

// Backend is the address of a Postgres server and how to speak to it.
type Backend struct {
	Network string // tcp or unix
	Address string // host:port or the path of a socket
	// TLS is how to secure the connection; nil is not at all.
	TLS *tls.Config
	// Optional says that a backend without TLS is spoken to in clear (sslmode=prefer).
	Optional bool
	// Direct starts TLS without asking (sslnegotiation=direct).
	Direct bool
}

// ParseBackend reads a connection URL or keyword string as libpq understands it. Of a URL's user, password and
// database nothing is used: those are each client's own.
func ParseBackend(url string) (Backend, error) {
	c, err := pgconn.ParseConfig(url)
	if err != nil {
		return Backend{}, fmt.Errorf("parse backend address: %w", err)
	}
	network, address := pgconn.NetworkAddress(c.Host, c.Port)
	b := Backend{Network: network, Address: address, TLS: c.TLSConfig, Direct: c.SSLNegotiation == "direct"}
	for _, other := range c.Fallbacks {
		if n, a := pgconn.NetworkAddress(other.Host, other.Port); n != network || a != address {
			return Backend{}, errors.New("parse backend address: more than one host is not supported")
		}
		switch {
		case other.TLSConfig == nil:
			b.Optional = true // prefer
		case b.TLS == nil:
			b.TLS, b.Optional = other.TLSConfig, true // allow: what libpq tries last is what we ask for
		}
	}
	return b, nil
}

// String is the address for logs and errors.
func (b Backend) String() string { return b.Address }

// dial connects to the backend, up to where the start-up packet is due. The second result is whether TLS
// secures the connection.
func (b Backend) dial(ctx context.Context) (net.Conn, bool, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	conn, err := d.DialContext(ctx, b.Network, b.Address)
	if err != nil {
		return nil, false, err
	}
	if b.TLS == nil || b.Network == "unix" {
		return conn, false, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	secured, err := b.secure(ctx, conn)
	if err != nil {
		_ = conn.Close()
		return nil, false, err
	}
	_ = conn.SetDeadline(time.Time{})
	return secured, secured != conn, nil
}

// secure negotiates TLS.
func (b Backend) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := b.TLS
	if b.Direct {
		config = config.Clone()
		config.NextProtos = []string{alpn}
	} else {
		ask := []byte{0, 0, 0, 8, 0, 0, 0, 0}
		putUint32(ask[4:], frame.SSLRequest)
		if _, err := conn.Write(ask); err != nil {
			return nil, fmt.Errorf("ask for TLS: %w", err)
		}
		var answer [1]byte // exactly one: what follows in clear must never be taken for secured bytes
		if _, err := io.ReadFull(conn, answer[:]); err != nil {
			return nil, fmt.Errorf("ask for TLS: %w", err)
		}
		switch {
		case answer[0] == 'S':
		case answer[0] == 'N' && b.Optional:
			return conn, nil
		default:
			return nil, errors.New("backend refused TLS")
		}
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("negotiate TLS: %w", err)
	}
	return secured, nil
}

// keepAlive finds peers that vanished without a word within about two minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

func putUint32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
}
