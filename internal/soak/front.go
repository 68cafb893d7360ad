package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// front is where the server under test listens.
type front struct {
	tcp  string // host:port
	unix string // the path of a socket
}

// route is how a client reaches the server.
type route uint8

const (
	plain route = iota
	secured
	local
)

func (r route) String() string { return [...]string{"TCP", "TLS", "Unix socket"}[r] }

// routeOf gives most clients TCP, a quarter a Unix socket and an eighth TLS.
func routeOf(client int) route {
	switch {
	case client%8 == 3:
		return secured
	case client%4 == 1:
		return local
	}
	return plain
}

// config is how to connect by a route as a user.
func (f front) config(r route, user *url.Userinfo, name string, mode pgx.QueryExecMode) (*pgx.ConnConfig, error) {
	password, _ := user.Password()
	c, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 sslmode=disable dbname=postgres user=%s password='%s' application_name=%s",
		user.Username(), strings.ReplaceAll(password, "'", `\'`), name))
	if err != nil {
		return nil, fmt.Errorf("configure a client: %w", err)
	}
	network, address := "tcp", f.tcp
	switch r {
	case local:
		network, address = "unix", f.unix
	case secured:
		// What the certificate says is not what is tested here.
		c.TLSConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	}
	c.DefaultQueryExecMode = mode
	var d net.Dialer
	c.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, network, address) }
	return c, nil
}
