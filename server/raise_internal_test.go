package server

import (
	"strings"
	"testing"

	"cvp/internal/pgtest"
	"github.com/jackc/pgx/v5/pgconn"
)

// awkward are texts that could end a quotation or a comment early.
var awkward = []string{
	"", "plain", "it's", `\`, `\'`, `'\''`, "''", "*/", "/*", "/*/", "*/ SELECT 1 /*", "**//", "$$", "$cvp$", "%", "é\n\t",
	"\xff\x83\\'; SELECT 1; --", "a\x00b", strings.Repeat("'\\*/", 1000),
}

func TestRaisedErrorsComeBackAsTheyAre(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t)).PgConn()
	clean := func(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "") }
	for _, conforming := range []string{"on", "off"} {
		if err := conn.Exec(t.Context(), "SET standard_conforming_strings = "+conforming+"; SET escape_string_warning = off").Close(); err != nil {
			t.Fatal(err)
		}
		for _, text := range awkward {
			e := &pgconn.PgError{Code: "42704", Message: "m" + text, Hint: text, Detail: text}
			err := conn.ExecParams(t.Context(), raising(e, text, true), nil, nil, nil, nil).Read().Err
			got, ok := err.(*pgconn.PgError)
			if !ok || got.Code != "42704" || got.Message != clean(e.Message) || got.Hint != clean(text) || got.Detail != clean(text) {
				t.Errorf("%.40q comes back as %.200v", text, err)
			}
		}
	}
}

func TestCodesThatRaiseRefusesAreInternalErrors(t *testing.T) {
	for code, want := range map[string]string{"42704": "42704", "": "XX000", "00000": "XX000", "abcde": "XX000", "P000'": "XX000", "P0001": "P0001"} {
		if got := sqlState(code); got != want {
			t.Errorf("%q is raised as %s, want %s", code, got, want)
		}
	}
}

// FuzzRaising looks for a text that leaves its quotation in an encoding that is not UTF-8, where a byte of it may
// swallow the next.
func FuzzRaising(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sql := raising(&pgconn.PgError{Message: text, Code: text, Hint: text}, text, false)
		for i := range len(sql) {
			if sql[i] > '~' || sql[i] == 0 {
				t.Fatalf("byte %#x in %q", sql[i], sql)
			}
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(sql[:strings.Index(sql, " DO LANGUAGE plpgsql ")], "/* "), " */")
		if strings.Contains(inside, "*/") || strings.Contains(inside, "/*") {
			t.Fatalf("the comment ends early: %q", sql)
		}
	})
}
