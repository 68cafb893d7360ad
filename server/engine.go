package server

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgconn"
)

// Planner recognises statements that call the engine. Package sqlfuncs implements it; the server knows
// nothing of models.
type Planner interface {
	// Plan parses a query string that mentions cvp_ and gives its statements in order. It returns nil where
	// the string should go to Postgres as it is: nothing in it is ours (a comment, a literal), or it does not
	// parse (Postgres words the syntax error).
	Plan(sql string) []Statement

	// Ready makes the database able to parse what Plan gives: it installs or migrates schema cvp where that is
	// due and the role may. The server calls it on the client's connection before a session's first planned
	// statement reaches Postgres (also before a forwarded Parse), inside the transaction of the takeover, and
	// again as long as no such transaction has committed. It costs one round trip where there is nothing to do.
	Ready(ctx context.Context, conn *pgconn.PgConn) error
}

// Statement is one SQL statement of a planned query string.
type Statement interface {
	// SQL is what Postgres parses and describes in place of the client's text: the same statement with the
	// names of cvp's own functions and views qualified.
	SQL() string
	// Native reports that Postgres alone can execute SQL(): there is no engine call in it.
	Native() bool
	// Repeatable says that the statement only reads: where the server opens the transaction itself it is
	// BEGIN ISOLATION LEVEL REPEATABLE READ, so that all queries behind the one statement see one snapshot.
	Repeatable() bool
	// Position maps a 1-based error position (in characters) in SQL() to the query string given to Plan.
	Position(int32) int32
	// Prepare does the engine's work on the client's own backend connection, inside a transaction the server
	// has opened or the client's own, and returns the statement that gives the client its rows. It uses the
	// extended protocol: a simple query would drop the client's unnamed portal. Errors that
	// are *pgconn.PgError reach the client as they are.
	Prepare(ctx context.Context, conn *pgconn.PgConn, call Call) (*Final, error)
}

// Preparer is a Statement that may be a PREPARE of one that calls the engine. From then on the session's planner is asked
// about query strings with the word EXECUTE, too.
type Preparer interface{ Prepares() bool }

// Reworder is a Statement that Postgres checks in other words than the client's.
type Reworder interface {
	// Reword gives the message of an error about the client's text for one at a position, in characters, in SQL().
	Reword(message string, position int32) string
}

// Late is a Statement into which Postgres looks only when it runs it, as it does into that of a CREATE VIEW: its errors then
// are about the text that Postgres has.
type Late interface{ Late() bool }

// Reader is a Statement of which only Postgres knows what it does: it runs what was prepared in SQL.
type Reader interface {
	// OnlyReads asks Postgres whether the statement only reads, as Statement.Repeatable says. It is called outside of a
	// transaction, before one is opened for the statement.
	OnlyReads(ctx context.Context, conn *pgconn.PgConn) (bool, error)
}

// Call is one execution of a Statement.
type Call struct {
	// ParamOIDs are the resolved types of the client's parameters, ParamFormats 0 (text) or 1 (binary) for
	// each, Params their values (nil is NULL). All empty in the simple protocol.
	ParamOIDs    []uint32
	ParamFormats []int16
	Params       [][]byte
	// InTransaction says that the client (or its driver) opened the transaction: it may yet roll back.
	InTransaction bool
	// Attachment is what an earlier call in the same transaction has attached to it, nil where none has. Attach attaches
	// work elsewhere; it is nil where the client opened the transaction.
	Attachment Attachment
	Attach     func(Attachment)
	// Notice sends a NOTICE to the client at once.
	Notice func(*pgconn.Notice)
	// Log tells of the session in every line; nil discards.
	Log *slog.Logger
}

// Final is the statement that gives the client its rows. Its parameters are the client's own, unchanged, and
// after them Extra, in binary, of the types ExtraOIDs.
type Final struct {
	SQL       string
	ExtraOIDs []uint32
	Extra     [][]byte
	// Tag is the command tag that the client gets, "" for the one of SQL.
	Tag string
}
