package server_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wireClient speaks in frames.
type wireClient struct {
	conn net.Conn
	*pgproto3.Frontend
}

// speak opens a session and takes its connection out of pgconn.
func speak(t testing.TB, database string) *wireClient {
	t.Helper()
	config, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = "public,cvp"
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Conn.Close() })
	return &wireClient{conn: h.Conn, Frontend: h.Frontend}
}

// exchange sends frames at once and gives what comes back, up to a number of ReadyForQuerys, a word a frame.
func (c *wireClient) exchange(t testing.TB, ready int, frames ...pgproto3.FrontendMessage) string {
	t.Helper()
	for _, f := range frames {
		c.Send(f)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	return c.answers(t, ready)
}

func (c *wireClient) answers(t testing.TB, ready int) string {
	t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var words []string
	for ready > 0 {
		m, err := c.Receive()
		if err != nil {
			t.Fatalf("after %s: %v", strings.Join(words, " "), err)
		}
		words = append(words, word(m))
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			ready--
		}
	}
	return strings.Join(words, " ")
}

// word is a frame without the values of its rows.
func word(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return "ready:" + string(m.TxStatus)
	case *pgproto3.ErrorResponse:
		return fmt.Sprintf("error:%s@%d", m.Code, m.Position)
	case *pgproto3.NoticeResponse:
		return "notice:" + m.Code
	case *pgproto3.CommandComplete:
		return strings.ReplaceAll(string(m.CommandTag), " ", "-")
	case *pgproto3.RowDescription:
		var names []string
		for _, f := range m.Fields {
			names = append(names, fmt.Sprintf("%s:%d:%d", f.Name, f.DataTypeOID, f.Format))
		}
		return "columns(" + strings.Join(names, ",") + ")"
	case *pgproto3.ParameterDescription:
		return fmt.Sprintf("params%v", m.ParameterOIDs)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

// Short forms of the frames.
func parse(name, sql string) *pgproto3.Parse { return &pgproto3.Parse{Name: name, Query: sql} }
func bind(portal, statement string, params ...string) *pgproto3.Bind {
	b := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: statement}
	for _, p := range params {
		b.Parameters = append(b.Parameters, []byte(p))
	}
	return b
}

// typed is a Parse that fixes the types of parameters.
func typed(name, sql string, oids ...uint32) *pgproto3.Parse {
	return &pgproto3.Parse{Name: name, Query: sql, ParameterOIDs: oids}
}

// formatted is a Bind that asks for formats of the columns.
func formatted(portal, statement string, formats []int16, params ...string) *pgproto3.Bind {
	b := bind(portal, statement, params...)
	b.ResultFormatCodes = formats
	return b
}

func describe(kind byte, name string) *pgproto3.Describe {
	return &pgproto3.Describe{ObjectType: kind, Name: name}
}
func execute(portal string, limit uint32) *pgproto3.Execute {
	return &pgproto3.Execute{Portal: portal, MaxRows: limit}
}
func closing(kind byte, name string) *pgproto3.Close {
	return &pgproto3.Close{ObjectType: kind, Name: name}
}
func query(sql string) *pgproto3.Query { return &pgproto3.Query{String: sql} }

var (
	sync     = &pgproto3.Sync{}
	flush    = &pgproto3.Flush{}
	copyDone = &pgproto3.CopyDone{}
)

func copyData(s string) *pgproto3.CopyData { return &pgproto3.CopyData{Data: []byte(s)} }

// one is the whole of one statement without parameters, up to its Execute.
func one(sql string, params ...string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{parse("", sql), bind("", "", params...), execute("", 0)}
}

func frames(parts ...any) (all []pgproto3.FrontendMessage) {
	for _, p := range parts {
		switch p := p.(type) {
		case []pgproto3.FrontendMessage:
			all = append(all, p...)
		case pgproto3.FrontendMessage:
			all = append(all, p)
		}
	}
	return all
}
