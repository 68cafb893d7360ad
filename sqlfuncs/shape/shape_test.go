package shape

import (
	"strings"
	"testing"
	"unicode/utf8"

	"cvp/catalog"
	"cvp/sqlfuncs/syntax"
)

func typed(pairs ...string) (out []catalog.Typed) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, catalog.Typed{Name: pairs[i], Type: "pg_catalog." + pairs[i+1]})
	}
	return out
}

// surface is a part of what schema cvp offers.
func surface() *Surface {
	return NewSurface([]catalog.Function{
		{Name: "cvp_predict", Arguments: typed("model", "text", "subject", "anyelement"), Type: "pg_catalog.float8"},
		{Name: "cvp_predict", Arguments: typed("model", "text", "key", "text"), Type: "pg_catalog.float8"},
		{Name: "cvp_predict", Arguments: typed("subject", "anyelement"), Type: "pg_catalog.float8"},
		{Name: "cvp_predictions", Arguments: typed("model", "text"), Set: true, Columns: typed("key", "text", "prediction", "float8")},
		{Name: "cvp_train", Arguments: typed("model", "text", "options", "jsonb", "if_changed", "bool"), Defaults: 2, Set: true, Columns: typed("model", "text")},
		{Name: "cvp_deploy", Arguments: typed("model", "text", "version", "int4"), Columns: typed("model", "text", "version", "int4")},
		{Name: "cvp_drop_model", Arguments: typed("model", "text"), Type: "pg_catalog.void"},
	}, []catalog.View{{Name: "cvp_models", Columns: typed("name", "text", "rows", "int8")}})
}

// predict is what a call of cvp_predict becomes between its checks and its end.
const predict = "NULL::pg_catalog.float8 ELSE CAST(pg_catalog.concat('" + made + " ', pg_catalog.random()) AS pg_catalog.float8) END AS pg_catalog.float8)"

var statements = []struct{ name, source, want string }{
	{"a call in a select list is named", "SELECT cvp.cvp_predict('m', id) FROM t",
		"SELECT CAST(CASE WHEN (pg_catalog.textlen('m'), COALESCE(id)) IS NULL THEN " + predict + " AS cvp_predict FROM t"},
	{"a call under a cast too", "SELECT CAST(cvp_predict(id) AS numeric), 2 FROM t",
		"SELECT CAST(CAST(CASE WHEN (COALESCE(id)) IS NULL THEN " + predict + " AS numeric) AS cvp_predict, 2 FROM t"},
	{"a call that has a name keeps it", "SELECT cvp_predict(id) p FROM t",
		"SELECT CAST(CASE WHEN (COALESCE(id)) IS NULL THEN " + predict + " p FROM t"},
	{"named arguments lose their names", "SELECT 1 FROM t WHERE cvp_predict(model => 'm', subject := t) > 0",
		"SELECT 1 FROM t WHERE CAST(CASE WHEN (pg_catalog.textlen('m'), COALESCE(t)) IS NULL THEN " + predict + " > 0"},
	{"a call in a call", "SELECT 1 WHERE cvp_predict(cvp_predict($1)) > 0",
		"SELECT 1 WHERE CAST(CASE WHEN (COALESCE(CAST(CASE WHEN (COALESCE($1)) IS NULL THEN " + predict + ")) IS NULL THEN " + predict + " > 0"},
	{"a wrong number of arguments is left to Postgres", "SELECT cvp.cvp_predict('m', 1, 2)", "SELECT cvp_predict('m', 1, 2)"},
	{"an unknown name is left to Postgres", "SELECT * FROM cvp.cvp_train(model => 'm', option => '')", "SELECT * FROM cvp_train(model => 'm', option => '')"},
	{"a window is left to Postgres", "SELECT cvp.cvp_predict(1) OVER ()", "SELECT cvp_predict(1) OVER ()"},
	{"a table function", "SELECT * FROM cvp.cvp_predictions('m')",
		`SELECT * FROM (SELECT NULL::pg_catalog.text AS "key", NULL::pg_catalog.float8 AS "prediction" WHERE (pg_catalog.textlen('m')) IS NULL) AS cvp_predictions`},
	{"with an alias and numbers", "SELECT k FROM cvp_predictions('m') WITH ORDINALITY AS p (k, s, n)",
		`SELECT k FROM (SELECT NULL::pg_catalog.text AS "key", NULL::pg_catalog.float8 AS "prediction", NULL::pg_catalog.int8 AS "ordinality" WHERE (pg_catalog.textlen('m')) IS NULL) AS p (k, s, n)`},
	{"a scalar function as a FROM item", "SELECT * FROM cvp_predict(1)",
		"SELECT * FROM CAST(CASE WHEN (COALESCE(1)) IS NULL THEN " + predict + " AS cvp_predict"},
	{"a composite value", "SELECT cvp_deploy('m', 2)",
		`SELECT (SELECT cvp_deploy FROM (SELECT NULL::pg_catalog.text AS "model", NULL::pg_catalog.int4 AS "version" WHERE (pg_catalog.textlen('m'), pg_catalog.int4up(2)) IS NULL) AS cvp_deploy)`},
	{"nothing at all", "SELECT cvp_drop_model('m')", "SELECT CAST(CASE WHEN (pg_catalog.textlen('m')) IS NULL THEN NULL::pg_catalog.void END AS pg_catalog.void) AS cvp_drop_model"},
	{"a view", "SELECT name FROM cvp.cvp_models JOIN t ON true", `SELECT name FROM (SELECT NULL::pg_catalog.text AS "name", NULL::pg_catalog.int8 AS "rows") AS cvp_models JOIN t ON true`},
	{"a view as a TABLE", "TABLE cvp.cvp_models", `SELECT * FROM (SELECT NULL::pg_catalog.text AS "name", NULL::pg_catalog.int8 AS "rows") AS cvp_models`},
	{"a common table of a view's name is none", "WITH cvp_models AS (SELECT 1) SELECT * FROM cvp_models", "WITH cvp_models AS (SELECT 1) SELECT * FROM cvp_models"},
	{"one source of two columns", "UPDATE t SET (a, b) = ROW(cvp_predict(1), 2)", "UPDATE t SET (a, b) = ROW(CAST(CASE WHEN (COALESCE(1)) IS NULL THEN " + predict + ", 2)"},
	{"RETURNING in a common table", "WITH x AS (DELETE FROM t RETURNING cvp_predict(id)) SELECT * FROM x",
		"WITH x AS (DELETE FROM t RETURNING CAST(CASE WHEN (COALESCE(id)) IS NULL THEN " + predict + " AS cvp_predict) SELECT * FROM x"},
}

func shapeOf(t testing.TB, source string) *Text {
	t.Helper()
	stmt, err := syntax.Statement(source)
	if err != nil {
		t.Fatal(err)
	}
	text, err := Of(source, stmt, surface())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestShapes(t *testing.T) {
	for _, test := range statements {
		t.Run(test.name, func(t *testing.T) {
			text := shapeOf(t, test.source)
			if text.SQL != test.want {
				t.Errorf("got  %s\nwant %s", text.SQL, test.want)
			}
			checkPositions(t, test.source, text)
		})
	}
}

// checkPositions checks that a shape parses and that every place in it leads to one in its source, in order.
func checkPositions(t *testing.T, source string, text *Text) {
	t.Helper()
	if _, err := syntax.Parse(text.SQL); err != nil {
		t.Errorf("%s: %v", text.SQL, err)
	}
	shaped, original := []rune(text.SQL), []rune(source)
	for p := range shaped {
		q := int(text.Position(int32(p+1))) - 1
		if q < 0 || q > len(original) {
			t.Fatalf("position %d of %q leads to %d of %q", p, text.SQL, q, source)
		}
	}
	if end := int(text.Position(int32(len(shaped)+1))) - 1; end != len(original) {
		t.Errorf("the end of %q leads to %d of %q", text.SQL, end, source)
	}
}

func TestPositionsInAShapeLeadToTheSource(t *testing.T) {
	const source = "SELECT 'é', cvp.cvp_predict(model => 'm', subject => nothing), later FROM t"
	text := shapeOf(t, source)
	at := func(sql, word string) int32 {
		i := strings.Index(sql, word)
		return int32(utf8.RuneCountInString(sql[:i])) + 1
	}
	for shaped, original := range map[string]string{"nothing": "nothing", "later": "later", "'m'": "'m'", "pg_catalog.textlen": "cvp.cvp_predict", "CAST(": "cvp.cvp_predict", "é": "é"} {
		if got, want := text.Position(at(text.SQL, shaped)), at(source, original); got != want {
			t.Errorf("%s is at %d, want %d", shaped, got, want)
		}
	}
	const said, want = "function pg_catalog.textlen(integer) does not exist", "function cvp_predict(… integer) does not exist"
	if got := text.Reword(said, at(text.SQL, "pg_catalog.textlen")); got != want {
		t.Errorf("it is said that %s", got)
	}
	if got := text.Reword(said, at(text.SQL, "later")); got != said {
		t.Errorf("of another place it is said that %s", got)
	}
}

func TestAPreparedStatementKeepsItsSource(t *testing.T) {
	const source = "PREPARE p (int) AS SELECT cvp.cvp_predict('m */', $1)"
	text := shapeOf(t, source)
	if got, ok := Original("SELECT 1;\n" + text.SQL); !ok || got != source {
		t.Errorf("%s keeps %q", text.SQL, got)
	}
	if _, ok := Original(source); ok || !Made(text.SQL) || Made(source) {
		t.Error("a shape is taken for none")
	}
}

func FuzzShape(f *testing.F) {
	for _, test := range statements {
		f.Add(test.source)
	}
	f.Add("SELECT CASE WHEN a THEN b ELSE cvp_predict(ARRAY[1, 2]) END, -cvp_predict(1)::int FROM ROWS FROM (cvp_predictions('m')) AS x")
	f.Fuzz(func(t *testing.T, source string) {
		stmt, err := syntax.Statement(source)
		if err != nil {
			return
		}
		text, err := Of(source, stmt, surface())
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		checkPositions(t, source, text)
	})
}
