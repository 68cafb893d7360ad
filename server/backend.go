package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// alpn is the protocol name of Postgres in TLS.
const alpn = "postgresql"

// Backend is the Postgres that answers: one host, or several to be tried in order, and how to speak to them.
type Backend struct {
	hosts    []host
	patience time.Duration // to reach one host (connect_timeout); 0 leaves it to the caller's context
	// bind is libpq's channel_binding for the SCRAM exchange that we do with the backend ourselves.
	bind string
	// identify says that our certificate is shown in every session (sslcertmode=require), and not only in those
	// of clients that have shown one of their own.
	identify bool
}

// host is the address of one Postgres server.
type host struct {
	network string // tcp or unix
	address string // host:port or the path of a socket
	ways    []way  // in the order of preference
}

// way is one manner of speaking to a host.
type way struct {
	tls    *tls.Config // nil is in clear
	direct bool        // TLS starts without asking (sslnegotiation=direct)
}

// ParseBackend reads a connection URL or keyword string as libpq understands it. Of a URL's user, password and
// database nothing is used: those are each client's own.
func ParseBackend(url string) (Backend, error) {
	c, err := pgconn.ParseConfig(url)
	if err != nil {
		return Backend{}, fmt.Errorf("parse backend address: %w", err)
	}
	if c.ValidateConnect != nil {
		return Backend{}, errors.New("parse backend address: target_session_attrs is not supported: " +
			"what a host says of itself comes after the client's authentication, which cannot be repeated elsewhere")
	}
	b := Backend{patience: c.ConnectTimeout, bind: c.ChannelBinding, identify: c.SSLCertMode == "require"}
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, Port: c.Port, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	for _, w := range ways {
		network, address := pgconn.NetworkAddress(w.Host, w.Port)
		if last := len(b.hosts) - 1; last < 0 || b.hosts[last].address != address {
			b.hosts = append(b.hosts, host{network: network, address: address})
		}
		h := &b.hosts[len(b.hosts)-1]
		h.ways = append(h.ways, way{tls: w.TLSConfig, direct: c.SSLNegotiation == "direct"})
	}
	if len(b.hosts) > 1 && b.patience == 0 {
		b.patience = hostPatience
	}
	return b, nil
}

// hostPatience bounds the wait for one of several hosts.
const hostPatience = 10 * time.Second

// String is the addresses for logs and errors.
func (b Backend) String() string {
	addresses := make([]string, len(b.hosts))
	for i, h := range b.hosts {
		addresses[i] = h.address
	}
	return strings.Join(addresses, ",")
}

// link is a connection to a backend.
type link struct {
	net.Conn
	host       host // with the way that was taken as the only one
	identified bool // our certificate was offered
}

// secured says whether TLS protects the connection.
func (l *link) secured() bool { return l.host.ways[0].tls != nil }

// reach connects to a host in the first of its ways that it takes; identify offers our certificate.
func (b Backend) reach(ctx context.Context, h host, identify bool) (*link, error) {
	if b.patience > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, b.patience)
		defer stop()
	}
	var failed error
	for i := range h.ways {
		l, err := h.take(ctx, i, identify)
		if err == nil {
			return l, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// take connects to a host in one of its ways, and goes on in clear where the host has no TLS and the next way
// is to do without.
func (h host) take(ctx context.Context, i int, identify bool) (*link, error) {
	d := net.Dialer{KeepAliveConfig: keepAlive}
	conn, err := d.DialContext(ctx, h.network, h.address)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: conn, host: host{network: h.network, address: h.address, ways: h.ways[i : i+1 : i+1]}}
	if h.ways[i].tls == nil {
		return l, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	secured, err := h.ways[i].secure(ctx, conn, identify)
	switch {
	case errors.Is(err, errRefusedTLS) && i+1 < len(h.ways) && h.ways[i+1].tls == nil:
		l.host.ways = h.ways[i+1 : i+2 : i+2]
	case err != nil:
		_ = conn.Close()
		return nil, err
	default:
		l.Conn = secured
		l.identified = identify && len(h.ways[i].tls.Certificates) > 0
	}
	_ = conn.SetDeadline(time.Time{})
	return l, nil
}

var errRefusedTLS = errors.New("backend refused TLS")

// secure negotiates TLS.
func (w way) secure(ctx context.Context, conn net.Conn, identify bool) (net.Conn, error) {
	config := w.tls.Clone()
	config.NextProtos = []string{alpn}
	if !identify {
		config.Certificates = nil
	}
	if !w.direct {
		if err := askForTLS(conn); err != nil {
			return nil, err
		}
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("negotiate TLS: %w", err)
	}
	if w.direct && secured.ConnectionState().NegotiatedProtocol != alpn {
		return nil, errors.New("negotiate TLS: backend did not agree to speak " + alpn)
	}
	return secured, nil
}

// askForTLS sends an SSLRequest. It reads exactly one byte: what follows in clear must never be taken for
// secured bytes (CVE-2021-23222).
func askForTLS(conn net.Conn) error {
	ask := []byte{0, 0, 0, 8, 0, 0, 0, 0}
	putUint32(ask[4:], frame.SSLRequest)
	if _, err := conn.Write(ask); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	if answer[0] != 'S' {
		return errRefusedTLS
	}
	return nil
}

// keepAlive finds peers that vanished without a word within about two minutes.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

func putUint32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
}
