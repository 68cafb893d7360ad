package sqlfuncs_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// copied gives what a COPY … TO STDOUT sends in the simple protocol.
func (c *client) copied(sql string) (string, error) {
	var out bytes.Buffer
	_, err := c.PgConn().CopyTo(context.Background(), &out, sql)
	return out.String(), err
}

// copiedExtended gives what a COPY … TO STDOUT sends in the extended protocol.
func (c *client) copiedExtended(sql string) (string, error) {
	c.t.Helper()
	f := c.PgConn().Frontend()
	f.SendParse(&pgproto3.Parse{Query: sql})
	f.SendBind(&pgproto3.Bind{})
	f.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
	f.SendExecute(&pgproto3.Execute{})
	f.SendSync(&pgproto3.Sync{})
	if err := f.Flush(); err != nil {
		c.t.Fatal(err)
	}
	var out bytes.Buffer
	var failure error
	for {
		m, err := f.Receive()
		if err != nil {
			c.t.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.CopyData:
			out.Write(m.Data)
		case *pgproto3.ErrorResponse:
			failure = pgError(m)
		case *pgproto3.ReadyForQuery:
			return out.String(), failure
		}
	}
}

func copyOfAQueryIsTheSameAsOfATableOfScores(t *testing.T, url string) {
	c := connect(t, url)
	for _, s := range []struct{ name, ours, plain string }{
		{"text", "COPY (SELECT loan_id, cvp_predict('risk', loan_id) FROM loans ORDER BY 1) TO STDOUT", "COPY (SELECT * FROM scored ORDER BY 1) TO STDOUT"},
		{"csv with options", "copy (select loan_id, cvp_predict('risk', loan_id) as score from loans order by 1) to stdout with (format csv, header, delimiter ';')",
			"COPY (SELECT * FROM scored ORDER BY 1) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';')"},
		{"the syntax before 9.0", "COPY (SELECT cvp_predict('risk', 7), 'a)b' /* ) */) TO STDOUT DELIMITER ',' CSV HEADER FORCE QUOTE *",
			"COPY (SELECT score AS cvp_predict, 'a)b' FROM scored WHERE loan_id = 7) TO STDOUT DELIMITER ',' CSV HEADER FORCE QUOTE *"},
		{"binary", "COPY (SELECT loan_id, cvp_predict('risk', loan_id) FROM loans ORDER BY 1) TO STDOUT (FORMAT binary)", "COPY (SELECT * FROM scored ORDER BY 1) TO STDOUT (FORMAT binary)"},
		{"a look-up, and keys with quotes", `COPY (SELECT k, cvp_predict('risk', k) FROM (VALUES ('1'), ('it''s'), ('a\b"c'), (NULL)) v(k) GROUP BY k ORDER BY 1) TO STDOUT`,
			`COPY (SELECT k, score FROM (VALUES ('1'), ('it''s'), ('a\b"c'), (NULL)) v(k) LEFT JOIN scored ON loan_id::text = k ORDER BY 1) TO STDOUT`},
		{"a key that is not there", "COPY (SELECT cvp_predict('risk', -1)) TO STDOUT", "COPY (SELECT NULL) TO STDOUT"},
		{"RETURNING", "COPY (UPDATE scored SET score = score WHERE loan_id = 9 RETURNING cvp_predict('risk', loan_id)) TO STDOUT", "COPY (SELECT score FROM scored WHERE loan_id = 9) TO STDOUT"},
		{"a table function", "COPY (SELECT key::int, prediction FROM cvp_predictions('risk') ORDER BY 1) TO STDOUT", "COPY (SELECT * FROM scored ORDER BY 1) TO STDOUT"},
	} {
		t.Run(s.name, func(t *testing.T) {
			want, err := c.copied(s.plain)
			if err != nil || want == "" {
				t.Fatalf("%q, %v", want, err)
			}
			for protocol, run := range map[string]func(string) (string, error){"simple": c.copied, "extended": c.copiedExtended} {
				if got, err := run(s.ours); err != nil {
					t.Errorf("%s: %s", protocol, describe(err))
				} else if got != want {
					t.Errorf("%s: %.200q, want %.200q", protocol, got, want)
				}
			}
		})
	}
}

func copyFailsAsPostgresDoes(t *testing.T, url string) {
	c := connect(t, url)
	for _, s := range []struct{ sql, code, at string }{
		{"COPY (SELECT 'é)', cvp_predict('risk', nothing) FROM loans) TO STDOUT", "42703", "nothing"},
		{"COPY (SELECT cvp_predict('risk', $1)) TO STDOUT", "42P02", "$1"},
		{"COPY (UPDATE scored SET score = cvp_predict('risk', 1)) TO STDOUT", "0A000", ""},
		{"COPY (SELECT cvp_predict('risk', loan_id) FROM loans) TO STDOUT (FORMAT odd)", "22023", ""},
		{"COPY (SELECT cvp_predict('risk', 1 / (loan_id - loan_id)) FROM loans) TO STDOUT", "22012", ""},
	} {
		for protocol, run := range map[string]func(string) (string, error){"simple": c.copied, "extended": c.copiedExtended} {
			_, err := run(s.sql)
			e := asPgError(err)
			if e == nil || e.Code != s.code {
				t.Errorf("%s %s: %v", protocol, s.sql, err)
				continue
			}
			if want := runeIndex(s.sql, s.at); s.at != "" && int(e.Position) != want {
				t.Errorf("%s %s: position %d, want %d", protocol, s.sql, e.Position, want)
			}
		}
	}
	if got := c.rows("SELECT cvp_predict('risk', 1) IS NOT NULL"); got[0] != "t" {
		t.Fatalf("after errors: %v", got)
	}
}

func copyToAFileAndToAProgram(t *testing.T, url string) {
	c := connect(t, url)
	dir, err := os.MkdirTemp("", "cvp-copy") // not TempDir's, whose parent is its owner's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(dir, "file"), filepath.Join(dir, "program")
	c.exec("COPY (SELECT cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 3 ORDER BY loan_id) TO '" + file + "'")
	c.exec("COPY (SELECT cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 3 ORDER BY loan_id) TO PROGRAM 'cat > " + program + "'")
	want := strings.Join(c.rows("SELECT score FROM scored WHERE loan_id <= 3 ORDER BY loan_id"), "\n") + "\n"
	for _, path := range []string{file, program} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", path, got, err, want)
		}
	}
}

func psqlCopiesOut(t *testing.T, url string) {
	c := connect(t, url)
	want := strings.Join(c.rows("SELECT loan_id, score FROM scored ORDER BY 1"), "\n") + "\n"
	path := filepath.Join(t.TempDir(), "out")
	out, err := exec.Command("psql", "-X", url, "-c", `\copy (select loan_id, cvp_predict('risk', loan_id) from loans order by 1) to '`+path+`' with (delimiter '|')`).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "COPY 1200" {
		t.Fatalf("%s %v", out, err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%v %.100q, want %.100q", err, got, want)
	}
}
