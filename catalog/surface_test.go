package catalog_test

import (
	"strings"
	"testing"

	"cvp/internal/pgtest"
)

func TestEveryPredictCallMeansOneFunction(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	run(t, conn, `CREATE TABLE t (customer_id bigint, code varchar, x float8);
		CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN code AS text; CREATE DOMAIN number AS int`)
	const key, subject, modelKey, modelSubject = "text", "anyelement", "text,text", "text,anyelement"
	tests := []struct{ call, want string }{
		{"'m', 42", modelSubject}, {"'m', 42::bigint", modelSubject}, {"'m', 4.2", modelSubject}, {"'m', t", modelSubject},
		{"'m', t.*", modelSubject}, {"'m', ROW(1, 2)", modelSubject}, {"'m', customer_id", modelSubject},
		{"'m', '00000000-0000-0000-0000-000000000001'::uuid", modelSubject}, {"'m', now()", modelSubject}, {"'m', 'good'::mood", modelSubject},
		{"'m', 1::number", modelSubject}, {"'m', NULL::int", modelSubject}, {"'m', ARRAY[1]", modelSubject},
		{"'m'::varchar, 42", modelSubject}, {"model => 'm', subject => 42", modelSubject},
		{"'m', '42'", modelKey}, {"'m', NULL", modelKey}, {"'m', code", modelKey}, {"'m', 'x'::char(3)", modelKey},
		{"'m', 'x'::name", modelKey}, {"'m', 'x'::code", modelKey}, {"model => 'm', key => '42'", modelKey},
		{"42", subject}, {"customer_id", subject}, {"t", subject}, {"t.*", subject}, {"subject => t", subject},
		{"'x'", key}, {"NULL", key}, {"code", key}, {"key => 'x'", key},
	}
	for _, test := range tests {
		t.Run(test.call, func(t *testing.T) {
			run(t, conn, "CREATE VIEW called AS SELECT cvp.cvp_predict("+test.call+") FROM t")
			got := one[string](t, conn, `
				SELECT refobjid::regprocedure::text FROM pg_depend JOIN pg_rewrite r ON r.oid = objid
				WHERE r.ev_class = 'called'::regclass AND refclassid = 'pg_proc'::regclass AND refobjid::regprocedure::text LIKE '%cvp_predict%'`)
			run(t, conn, "DROP VIEW called")
			if got != "cvp.cvp_predict("+test.want+")" {
				t.Errorf("got %s, want (%s)", got, test.want)
			}
		})
	}
}

func TestStatementsAreDescribedAsTheyWillAnswer(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	tests := []struct{ sql, parameters, columns string }{
		{"SELECT cvp.cvp_predict('m', $1)", "text", "cvp_predict float8"},
		{"SELECT cvp.cvp_predict($1)", "text", "cvp_predict float8"},
		{"SELECT cvp.cvp_predict($1, $2::bigint)", "text int8", "cvp_predict float8"},
		{"SELECT * FROM cvp.cvp_train($1, $2)", "text text",
			"model text, version int4, algorithm text, chosen bool, metric text, value float8, baseline float8, rows int8, fit_seconds float8"},
		{"SELECT * FROM cvp.cvp_train('m', relation => 'loans', target => 'defaulted', key => 'id', algorithm => 'tree', options => $1)", "jsonb",
			"model text, version int4, algorithm text, chosen bool, metric text, value float8, baseline float8, rows int8, fit_seconds float8"},
		{"SELECT * FROM cvp.cvp_train(model => 'm', question => 'PREDICT …')", "",
			"model text, version int4, algorithm text, chosen bool, metric text, value float8, baseline float8, rows int8, fit_seconds float8"},
		{"SELECT * FROM cvp.cvp_predictions($1)", "text", "key text, prediction float8, decile int4"},
		{"SELECT * FROM cvp.cvp_predictions(model => 'm')", "", "key text, prediction float8, decile int4"},
		{"SELECT * FROM cvp.cvp_features($1, $2::int)", "text int4", "feature text, value float8, level text, formula text"},
		{"SELECT * FROM cvp.cvp_features('m', $1, as_of => $2)", "text timestamptz", "feature text, value float8, level text, formula text"},
		{"SELECT * FROM cvp.cvp_recommend($1, $2::int, n => $3)", "text int4 int4", "item text, score float8, rank int4"},
		{"SELECT * FROM cvp.cvp_recommend('m', $1)", "text", "item text, score float8, rank int4"},
		{"SELECT * FROM cvp.cvp_recommendations('m', $1)", "int4", "key text, item text, score float8, rank int4"},
		{"SELECT * FROM cvp.cvp_explain_question($1, options => $2)", "text jsonb", "item text, value text"},
		{"SELECT column_name, cut, finding FROM cvp.cvp_profile($1)", "text", "column_name text, cut int8, finding text"},
		{"SELECT * FROM cvp.cvp_evaluate(model => 'm')", "", "split text, metric text, value float8"},
		{"SELECT * FROM cvp.cvp_deploy($1, $2)", "text int4", "model text, version int4, metric text, value float8, replaced int4"},
		{"SELECT * FROM cvp.cvp_models", "",
			"name text, version int4, question text, target text, algorithm text, metric text, value float8, baseline float8, rows int8, trained_at timestamptz, trained_by text, deployed bool"},
		{"SELECT * FROM cvp.cvp_runs", "",
			"name text, version int4, algorithm text, trial int4, step int4, train float8, validation float8, seconds float8"},
	}
	for _, test := range tests {
		t.Run(test.sql, func(t *testing.T) {
			d, err := conn.Prepare(t.Context(), "", test.sql)
			if err != nil {
				t.Fatal(err)
			}
			name := func(oid uint32) string {
				known, ok := conn.TypeMap().TypeForOID(oid)
				if !ok {
					t.Fatalf("unknown type %d", oid)
				}
				return known.Name
			}
			var parameters, columns []string
			for _, oid := range d.ParamOIDs {
				parameters = append(parameters, name(oid))
			}
			for _, f := range d.Fields {
				columns = append(columns, f.Name+" "+name(f.DataTypeOID))
			}
			if got := strings.Join(parameters, " "); got != test.parameters {
				t.Errorf("parameters %s, want %s", got, test.parameters)
			}
			if got := strings.Join(columns, ", "); got != test.columns {
				t.Errorf("columns %s\nwant    %s", got, test.columns)
			}
		})
	}
}

func TestEngineCallsSayWhereToGoWhenTheyReachPostgres(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	run(t, conn, "CREATE TABLE t (id int); INSERT INTO t VALUES (1)")
	for call, sql := range map[string]string{
		"cvp_predict": "SELECT cvp.cvp_predict('m', t) FROM t", "cvp_train": "SELECT * FROM cvp.cvp_train('m', 'q')",
		"cvp_predictions": "SELECT * FROM cvp.cvp_predictions('m')",
	} {
		_, err := conn.Exec(t.Context(), sql)
		hint := `Connect to the host and port of "cvp serve" instead of Postgres, with the same user and database, ` +
			`and call it in the statement itself rather than in a function or view`
		if call == "cvp_train" {
			hint += ": a training belongs to its transaction, which a call from inside of Postgres cannot share."
		} else {
			hint += `; or have "cvp install --foreign-server" let Postgres call the server.`
		}
		refused(t, err, "0A000", call+" must be called through the cvp server", hint)
	}
	for _, call := range []string{"'m', 42", "'m', 'x'", "42", "'x'", "NULL"} {
		denied(t, conn, "0A000", "SELECT cvp.cvp_predict("+call+")")
	}
	// Nothing is evaluated while a statement is only planned for Describe or created as a view.
	run(t, conn, "CREATE VIEW v AS SELECT id FROM t WHERE cvp.cvp_predict('m', id) > 0.5")
}

func TestEverythingInTheSchemaIsDocumentedAndFixedInItsMeaning(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	for what, sql := range map[string]string{
		"functions without a comment": `SELECT oid::regprocedure::text FROM pg_proc
			WHERE pronamespace = 'cvp'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL`,
		"functions with the caller's search_path": `SELECT oid::regprocedure::text FROM pg_proc
			WHERE pronamespace = 'cvp'::regnamespace AND proname NOT IN ('schema_version', 'cvp_predict', 'cvp_predictions', 'cvp_define_source')
			AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))`,
		"relations without a comment": `SELECT oid::regclass::text FROM pg_class
			WHERE relnamespace = 'cvp'::regnamespace AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL`,
		"immutable cvp_ functions": `SELECT oid::regprocedure::text FROM pg_proc
			WHERE pronamespace = 'cvp'::regnamespace AND proname LIKE 'cvp\_%' AND provolatile = 'i'`,
		"functions that others may not call": `SELECT oid::regprocedure::text FROM pg_proc AS p
			WHERE pronamespace = 'cvp'::regnamespace AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0)`,
		"functions with their owner's rights": `SELECT oid::regprocedure::text FROM pg_proc
			WHERE pronamespace = 'cvp'::regnamespace AND prosecdef
			AND proname NOT IN ('name_taken', 'delete_dropped', 'engine_session', 'ask_engine')`,
	} {
		if got := column(t, conn, sql); len(got) != 0 {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestEditDistanceAgreesWithAPlainReference(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	words := []string{"", "a", "churn", "chrun", "churns", "spend_90d", "größe", "grosse", "repeat", "peat", "日本語", "日本"}
	for _, a := range words {
		for _, b := range words {
			if got, want := one[int](t, conn, "SELECT cvp.edit_distance($1, $2)", a, b), distance([]rune(a), []rune(b)); got != want {
				t.Errorf("%q to %q is %d, want %d", a, b, got, want)
			}
		}
	}
}

// distance is the definition of the Levenshtein distance.
func distance(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	case a[0] == b[0]:
		return distance(a[1:], b[1:])
	}
	return 1 + min(distance(a[1:], b), distance(a, b[1:]), distance(a[1:], b[1:]))
}
