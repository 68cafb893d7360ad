package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/question"
)

// failure is an error as Postgres reports one.
func failure(code, format string, args ...any) *pgconn.PgError {
	return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: code, Message: fmt.Sprintf(format, args...)}
}

// at adds to an error where in the question its cause stands. Postgres has fields for a statement inside of the
// client's own; psql shows them with a caret.
func at(q *question.Question, pos question.Pos, err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) && q.Text != "" && e.InternalQuery == "" {
		e.InternalQuery, e.InternalPosition = q.Text, int32(q.Character(pos))
	}
	return err
}

// nameListSQL lists the relations whose names the client may have meant: those on its search_path, and the others
// that it may use, qualified. $1 is not used but keeps the form of query.
const nameListSQL = `
SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::pg_catalog.text
	ELSE s.nspname OPERATOR(pg_catalog.||) '.'::pg_catalog.text OPERATOR(pg_catalog.||) c.relname::pg_catalog.text END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE c.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
	AND NOT c.relispartition
	AND s.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^(pg_|information_schema$)'
	AND pg_catalog.has_schema_privilege(s.oid, 'USAGE')
ORDER BY NOT pg_catalog.pg_table_is_visible(c.oid), c.relname, s.nspname
LIMIT 10000`

// unknownRelation is the error for a name that means no relation; bare is the name as errors show it.
func unknownRelation(ctx context.Context, conn *pgconn.PgConn, name, bare string) error {
	kinds := []string{string(Table), string(Partitioned), string(View), string(Materialized), string(Foreign)}
	names, err := query[string](ctx, conn, nameListSQL, kinds)
	if err != nil {
		return fmt.Errorf("look for a relation like %s: %w", name, err)
	}
	e := failure("42P01", "relation \"%s\" does not exist", strings.ReplaceAll(bare, `"`, ""))
	if near, ok := nearestRelation(bare, names); ok {
		e.Hint = fmt.Sprintf("Perhaps you meant to reference the table \"%s\".", near)
	}
	return e
}

// nearestRelation finds the name meant, with its schema or without.
func nearestRelation(bare string, names []string) (string, bool) {
	bare = strings.ReplaceAll(bare, `"`, "")
	if near, ok := question.Nearest(bare, names); ok {
		return near, true
	}
	table := bare[strings.LastIndexByte(bare, '.')+1:]
	bares := make([]string, len(names))
	for i, name := range names {
		bares[i] = name[strings.LastIndexByte(name, '.')+1:]
	}
	near, ok := question.Nearest(table, bares)
	for i := range bares {
		if ok && bares[i] == near {
			return names[i], true
		}
	}
	return "", false
}

func unknownColumn(r *Relation, name string, names []string) error {
	e := failure("42703", "column %s.%s does not exist", r.Name, name)
	if near, ok := question.Nearest(name, names); ok {
		e.Hint = fmt.Sprintf("Perhaps you meant to reference the column \"%s.%s\".", r.Name, near)
	}
	return e
}

// option is the error for an option whose value is not what it should be.
func option(name string, err error) error {
	e := failure("22023", "option \"%s\": %s", name, err)
	var parse *question.Error
	if errors.As(err, &parse) {
		e.Hint = parse.Hint
	}
	return e
}

// sanitize quotes the parts of a table's name.
func sanitize(n question.Name) string {
	if n.Schema == "" {
		return pgx.Identifier{n.Table}.Sanitize()
	}
	return pgx.Identifier{n.Schema, n.Table}.Sanitize()
}
