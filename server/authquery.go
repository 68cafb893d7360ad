package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// authQuery names everything by its schema: nothing on the search path can stand in for it.
const authQuery = `SELECT rolpassword FROM pg_catalog.pg_authid
WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name`

// AuthQuery looks verifiers up in Postgres, over a connection that is used for nothing else and gets nothing
// of a client's but the name of its role, as a parameter.
type AuthQuery struct {
	config *pgconn.Config
	// conn holds the connection, or nil where it has to be made; whoever has taken it out uses it alone.
	conn chan *pgconn.PgConn
}

var _ Verifiers = (*AuthQuery)(nil)

// NewAuthQuery prepares to look up with the connection URL of a role that may read
// pg_catalog.pg_authid (rolname, rolpassword). It connects when it is first asked.
func NewAuthQuery(url string) (*AuthQuery, error) {
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse the connection for authentication: %w", err)
	}
	config.RuntimeParams["search_path"] = "pg_catalog"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "cvp authentication"
	}
	q := &AuthQuery{config: config, conn: make(chan *pgconn.PgConn, 1)}
	q.conn <- nil
	return q, nil
}

// Verifier implements Verifiers.
func (q *AuthQuery) Verifier(ctx context.Context, role string) (string, error) {
	var conn *pgconn.PgConn
	select {
	case conn = <-q.conn:
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the connection for authentication: %w", ctx.Err())
	}
	if conn != nil {
		verifier, err := ask(ctx, conn, role)
		if err == nil || ctx.Err() != nil || !conn.IsClosed() {
			q.giveBack(conn)
			return verifier, err
		}
		// It broke while nobody used it: once more with a new one.
	}
	conn, err := pgconn.ConnectConfig(ctx, q.config)
	if err != nil {
		q.conn <- nil
		return "", fmt.Errorf("connect for authentication: %w", err)
	}
	verifier, err := ask(ctx, conn, role)
	q.giveBack(conn)
	return verifier, err
}

func (q *AuthQuery) giveBack(conn *pgconn.PgConn) {
	if conn.IsClosed() {
		conn = nil
	}
	q.conn <- conn
}

func ask(ctx context.Context, conn *pgconn.PgConn, role string) (string, error) {
	result := conn.ExecParams(ctx, authQuery, [][]byte{[]byte(role)}, nil, nil, nil).Read()
	if result.Err != nil {
		return "", fmt.Errorf("look up a verifier: %w", result.Err)
	}
	if len(result.Rows) == 0 {
		return "", nil
	}
	return string(result.Rows[0][0]), nil
}

// Close ends the connection.
func (q *AuthQuery) Close() error {
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	select {
	case conn := <-q.conn:
		q.conn <- nil
		if conn == nil {
			return nil
		}
		return conn.Close(ctx)
	case <-ctx.Done():
		return errors.New("close the connection for authentication: it is in use")
	}
}
