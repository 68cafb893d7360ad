package server

import (
	"fmt"
	"strings"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// An error of the engine's is one that Postgres knows nothing of, and yet the client's transaction has to fail by
// it. Postgres raises it itself, by a DO block: its log then shows the true message and SQLSTATE, and behind them
// the client's statement. A role that may not use plpgsql gets another error in the log and the same effect.

// fail makes the transaction fail as a statement of the client's would have, with the error last reported. Where it
// has failed already, by an error of Postgres's, the log has that.
func (t *takeover) fail() error {
	var b []byte
	syncs := 0
	if t.state() != frame.Failed {
		b, syncs = frame.AppendSync(t.appendRaise(nil)), 1
		b = t.appendClear(b)
	}
	b, _ = t.renaming.end(b, 0)
	if len(b) == 0 {
		return nil
	}
	if err := t.send(frame.AppendSync(b)); err != nil {
		return err
	}
	for range syncs + 1 {
		ready, _, err := t.until(frame.ReadyForQuery, nil)
		if err != nil {
			return err
		}
		t.status(ready)
	}
	return nil
}

// failUnsynced does so in the extended protocol, where what comes up to the client's Sync is discarded: here,
// because the backend has met Syncs of ours.
func (t *takeover) failUnsynced() error {
	t.s.discarding = true
	return t.fail()
}

// appendRaise appends what fails with the error last reported.
func (t *takeover) appendRaise(dst []byte) []byte {
	name := t.s.server.fenceName
	sql := raising(t.reported, t.text, t.s.answers.parameters["client_encoding"] == "UTF8")
	dst = frame.AppendParse(dst, name, sql, frame.Types(nil))
	dst = frame.AppendBind(dst, name, name, nil, nil, nil)
	return frame.AppendExecute(dst, name, 0)
}

// raising is a DO block that fails with an error; the text of the client's statement is a comment in it. unicode
// says that the client's encoding is UTF-8: in another one only ASCII is sure to mean what it says.
func raising(e *pgconn.PgError, text string, unicode bool) string {
	if e == nil {
		e = &pgconn.PgError{Code: internalError, Message: "the call has failed"}
	}
	plain := func(s string) string {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "")
		if unicode {
			return s
		}
		return strings.Map(func(r rune) rune {
			if r > '~' {
				return '?'
			}
			return r
		}, s)
	}
	var b strings.Builder
	b.WriteString("BEGIN RAISE EXCEPTION USING ERRCODE = " + literal(sqlState(e.Code)) + ", MESSAGE = " + literal(plain(e.Message)))
	if e.Detail != "" {
		b.WriteString(", DETAIL = " + literal(plain(e.Detail)))
	}
	if e.Hint != "" {
		b.WriteString(", HINT = " + literal(plain(e.Hint)))
	}
	b.WriteString("; END")
	text = comment(plain(shortened(text, maxLogged)))
	return fmt.Sprintf("/* %s */ DO LANGUAGE plpgsql %s", text, literal(b.String()))
}

// literal quotes a text under any setting of standard_conforming_strings.
func literal(s string) string {
	return "E'" + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `'`, `''`) + "'"
}

// comment is a text that neither ends nor begins a comment.
func comment(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "*/", "* /"), "/*", "/ *")
}

// sqlState gives the code of an error that RAISE accepts.
func sqlState(code string) string {
	if len(code) != 5 || strings.HasPrefix(code, "00") {
		return internalError
	}
	for _, c := range []byte(code) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return internalError
		}
	}
	return code
}
