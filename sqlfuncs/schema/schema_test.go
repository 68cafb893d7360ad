package schema

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
	"cvp/sqlfuncs/question"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestMain(m *testing.M) { pgtest.Run(m) }

// connect gives a connection to a fresh database with the tables of testdata/<name>.sql.
func connect(t *testing.T, name string) *pgx.Conn {
	t.Helper()
	conn := pgtest.Connect(t, pgtest.Database(t))
	ddl, err := os.ReadFile(filepath.Join("testdata", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	execute(t, conn, string(ddl)+"\nANALYZE;")
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ask is Source for a question as text.
func ask(t *testing.T, conn *pgconn.PgConn, text string, o Options) (*EventSource, error) {
	t.Helper()
	q, err := question.Parse(text)
	if err != nil {
		t.Fatalf("parse %q: %v", text, err)
	}
	return Source(t.Context(), conn, q, o)
}
