package sqlfuncs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// nasty are names and texts that break SQL where somebody forgets to quote, or quotes in the wrong way.
var nasty = []string{
	`a"b`, `a'b`, `a\b`, `a\'b`, `\`, `'`, `"`, `''`, `""`, "new\nline", "tab\tand\rreturn", "bell\x07", strings.Repeat("x", 63), strings.Repeat("ü", 31), "select", "user", "Mixed Case",
	"$$", "$1", "$tag$", "; DROP TABLE loans; --", "'; DROP TABLE loans; --", `"; DROP TABLE loans; --`, "/* comment", "-- comment", "%s %I %L %", "a.b", "a.b.c", " lead and trail ",
	"cvp_predict('m', 1)", "cvp_scores_1", "cvp_relation", "日本語", "😀", "\u2028", "e\u0301", "{a,b}", "NULL", "true", "1e5", "?", ":x", "@", "(SELECT 1)", "U&\"x\"",
}

// TestNamesAndTextsOfAnyKind trains and predicts where table, columns, key column, model and text values all have
// such a name.
func TestNamesAndTextsOfAnyKind(t *testing.T) {
	database := pgtest.Database(t)
	server := cvptest.Through(t, database)
	for _, setting := range []string{"", "SET standard_conforming_strings = off", "SET quote_all_identifiers = on", "SET client_encoding = 'SQL_ASCII'"} {
		c := connect(t, server)
		names := nasty
		if setting != "" {
			c.exec(setting)
			names = nasty[:16]
		}
		c.exec("CREATE TABLE IF NOT EXISTS loans (id int)")
		for i, name := range names {
			if testing.Short() && i%4 != 0 || strings.Contains(setting, "strings") && strings.Contains(name, `\`) {
				continue // a backslash: see TestALiteralIsNoSQLWhateverTheSessionsSettings
			}
			t.Run(fmt.Sprintf("%s %q", setting, name), func(t *testing.T) { c.t = t; named(c, name) })
		}
		c.t = t
		if got := c.rows("SELECT count(*) FROM loans"); got[0] != "0" {
			t.Errorf("loans: %v", got)
		}
	}
}

// named makes a table, trains and predicts; names go as identifiers in the text, as arguments in parameters.
func named(c *client, name string) {
	c.t.Helper()
	quoted := pgx.Identifier{name}.Sanitize()
	key, other := pgx.Identifier{short("k" + name)}.Sanitize(), pgx.Identifier{short("o" + name)}.Sanitize()
	table := "public." + quoted
	ctx := context.Background()
	c.exec("DROP TABLE IF EXISTS " + table)
	c.exec(fmt.Sprintf("CREATE TABLE %s (%s text PRIMARY KEY, %s text, %s text, x float8)", table, key, quoted, other))
	c.exec(fmt.Sprintf("INSERT INTO %s SELECT $1 || i, $1 || i %% 3, CASE WHEN (i %% 3 = 1) <> (i %% 11 = 0) THEN $1 ELSE 'no ' || $1 END, i %% 7 FROM generate_series(1, 200) i", table), name)
	model := strings.ReplaceAll(name, "@", "at")
	query := func(sql string, args ...any) string {
		c.t.Helper()
		var out string
		if err := c.QueryRow(ctx, sql, args...).Scan(&out); err != nil {
			c.t.Errorf("%s %q: %s", sql, args, describe(err))
		}
		return out
	}
	query("SELECT algorithm FROM cvp_train($1, relation => $2, target => $3, algorithm => 'tree', options => $4) WHERE chosen", model, table, short("o"+name),
		map[string]any{"positive": name})
	for _, q := range []struct {
		sql  string
		args []any
		want string
	}{
		{fmt.Sprintf("SELECT count(cvp_predict($1, %s))::text FROM %s", key, table), []any{model}, "200"},
		{fmt.Sprintf("SELECT count(*)::text FROM %s AS %s WHERE cvp_predict($1, %s.%s) IS NOT NULL", table, quoted, quoted, key), []any{model}, "200"},
		{fmt.Sprintf("SELECT count(*)::text FROM %s AS t WHERE cvp_predict($1, t) = cvp_predict($1, %s)", table, key), []any{model}, "200"},
		{"SELECT (cvp_predict($1, $2) > 0)::text", []any{model, name + "7"}, "true"},
		{"SELECT coalesce(cvp_predict($1, $2)::text, 'none')", []any{model, name + "nobody"}, "none"},
		{"SELECT count(*)::text FROM cvp_predictions($1) AS p JOIN " + table + " AS r ON r." + key + " = p.key", []any{model}, "200"},
		{"SELECT count(*)::text FROM cvp_models WHERE name = $1", []any{model}, "1"},
		{"SELECT cvp_share($1, 'public')::text", []any{model}, ""},
		{"SELECT cvp_drop_model($1)::text", []any{model}, ""},
	} {
		if got := query(q.sql, q.args...); got != q.want {
			c.t.Errorf("%s %q: %s, want %s", q.sql, q.args, got, q.want)
		}
	}
	c.exec("DROP TABLE " + table)
}

// short cuts a name to what Postgres keeps of it.
func short(name string) string {
	for len(name) > 63 {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return name
}
