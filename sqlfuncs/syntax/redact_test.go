package syntax

import (
	"strings"
	"testing"
)

func TestRedactedLeavesNoLiteral(t *testing.T) {
	tests := map[string]struct{ sql, want string }{
		"values of a query": {"SELECT cvp_predict('buy30', 42) FROM t WHERE a = 'secret' AND b IN (1, -2.5, 3e9, 0x1F, 1_000) AND d > DATE '2020-01-01'",
			"SELECT cvp_predict(?, ?) FROM t WHERE a = ? AND b IN (?, -?, ?, ?, ?) AND d > DATE ?"},
		"comments":                            {"SELECT /* secret /* secret */ */ a -- secret\n, b FROM t", "SELECT a , b FROM t"},
		"every way to quote":                  {`SELECT E'sec\'ret', $$secret$$, $x$secret$x$, B'101', X'1F', U&'secret', N'secret', 'se''cret', 'sec' 'ret'`, "SELECT ?, ?, ?, ?, ?, ?, N?, ?, ? ?"},
		"parameters and names":                {`SELECT "Größe", x.y, $1 FROM "secret table"`, `SELECT "Größe", x.y, $1 FROM "secret table"`},
		"options of a training":               {`SELECT * FROM cvp_train('m', relation => 'secret', options => '{"k": "secret"}') LIMIT 5`, "SELECT * FROM cvp_train(?, relation => ?, options => ?) LIMIT ?"},
		"CREATE TABLE AS":                     {"CREATE TABLE x AS SELECT cvp_predict('secret', 1)", "CREATE TABLE x AS SELECT cvp_predict(?, ?)"},
		"a password beside":                   {"ALTER ROLE x PASSWORD 'secret'; SELECT cvp_predict('m', 1)", "ALTER ROLE x PASSWORD ?; SELECT cvp_predict(?, ?)"},
		"a user mapping":                      {"CREATE USER MAPPING FOR x SERVER y OPTIONS (password 'secret')", "CREATE USER MAPPING FOR x SERVER y OPTIONS (password ?)"},
		"statements of texts":                 {"DO $$ secret $$; COMMENT ON TABLE t IS 'secret'; NOTIFY a, 'secret'; COPY t FROM PROGRAM 'secret'", "DO ?; COMMENT ON TABLE t IS ?; NOTIFY a, ?; COPY t FROM PROGRAM ?"},
		"a syntax error":                      {"SELEC 'secret' FORM t", "SELEC ? FORM t"},
		"an open quote":                       {"SELECT 'secret", ""},
		"an open comment":                     {"SELECT 1 /* secret", ""},
		"a backslash that may escape a quote": {`SELECT 'a\', secret, '`, ""},
		"nothing":                             {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Redacted(test.sql); got != test.want {
				t.Errorf("%s\ngives %s\nwant  %s", test.sql, got, test.want)
			}
		})
	}
}

// A literal put in front of any text never shows, whatever the text does to the rest.
func FuzzRedacted(f *testing.F) {
	for _, sql := range []string{"", "SELECT 1", "x 'y", "\"", "$$ $", "/* */ --", "ä€\x00'", "E'\\'", "U&\"\\0041\" UESCAPE '!'"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if out := Redacted("SELECT 'zq7literal', " + sql); strings.Contains(out, "zq7literal") {
			t.Errorf("%q gives %q", sql, out)
		}
	})
}
