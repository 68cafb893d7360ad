package catalog

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Function is a function that schema cvp offers to clients. Several may have one name.
type Function struct {
	Name string
	// Arguments come in order; the last Defaults of them may be left out.
	Arguments []Typed
	Defaults  int
	// Volatility is as SQL writes it: volatile, stable or immutable.
	Volatility string
	// Set says that the function gives rows.
	Set bool
	// Columns are those of its rows, or of the one composite value that it gives; nil where it gives a value of Type.
	Columns []Typed
	Type    string
}

// View is a view that schema cvp offers to clients.
type View struct {
	Name    string
	Columns []Typed
}

// Typed is a named value and its type as SQL writes it, with its schema.
type Typed struct{ Name, Type string }

// typeName names a type the same whatever the search_path.
const typeName = `pg_catalog.format('%I.%I', n.nspname, t.typname)`

const functionsSQL = `
SELECT p.proname::text, coalesce(p.proargnames, '{}'), coalesce(p.proargmodes::text[], '{}'),
       ARRAY(SELECT ` + typeName + ` FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS a (type, place)
             JOIN pg_catalog.pg_type AS t ON t.oid = a.type JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace ORDER BY a.place),
       p.pronargdefaults, CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END, p.proretset, (SELECT ` + typeName + ` FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = p.prorettype),
       ARRAY(SELECT c.attname::text FROM pg_catalog.pg_attribute AS c WHERE c.attrelid = r.typrelid AND c.attnum > 0 AND NOT c.attisdropped ORDER BY c.attnum),
       ARRAY(SELECT ` + typeName + ` FROM pg_catalog.pg_attribute AS c JOIN pg_catalog.pg_type AS t ON t.oid = c.atttypid
             JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
             WHERE c.attrelid = r.typrelid AND c.attnum > 0 AND NOT c.attisdropped ORDER BY c.attnum)
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_type AS r ON r.oid = p.prorettype
WHERE p.pronamespace = 'cvp'::pg_catalog.regnamespace AND p.proname LIKE 'cvp\_%'
ORDER BY p.proname, p.oid`

// functions reads what functions schema cvp offers: its migrations alone say which these are.
func functions(ctx context.Context, conn *pgconn.PgConn) ([]Function, error) {
	rows, err := query(ctx, conn, functionsSQL)
	if err != nil {
		return nil, failed("read the functions of schema cvp", err)
	}
	var out []Function
	var f Function
	var names, modes, types, columnNames, columnTypes []string
	_, err = pgx.ForEachRow(rows, []any{&f.Name, &names, &modes, &types, &f.Defaults, &f.Volatility, &f.Set, &f.Type, &columnNames, &columnTypes}, func() error {
		f.Arguments, f.Columns = nil, nil
		for i, typ := range types {
			value := Typed{Type: typ}
			if i < len(names) {
				value.Name = names[i]
			}
			if mode := "i"; len(modes) > 0 {
				if mode = modes[i]; mode == "t" || mode == "o" {
					f.Columns = append(f.Columns, value)
					continue
				}
			}
			f.Arguments = append(f.Arguments, value)
		}
		for i, name := range columnNames {
			f.Columns = append(f.Columns, Typed{Name: name, Type: columnTypes[i]})
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		return nil, failed("read the functions of schema cvp", err)
	}
	return out, nil
}

const viewsSQL = `
SELECT v.relname::text, c.attname::text, ` + typeName + `
FROM pg_catalog.pg_class AS v JOIN pg_catalog.pg_attribute AS c ON c.attrelid = v.oid AND c.attnum > 0 AND NOT c.attisdropped
     JOIN pg_catalog.pg_type AS t ON t.oid = c.atttypid JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
WHERE v.relnamespace = 'cvp'::pg_catalog.regnamespace AND v.relkind = 'v' AND v.relname LIKE 'cvp\_%'
ORDER BY v.relname, c.attnum`

// views reads what views schema cvp offers.
func views(ctx context.Context, conn *pgconn.PgConn) ([]View, error) {
	rows, err := query(ctx, conn, viewsSQL)
	if err != nil {
		return nil, failed("read the views of schema cvp", err)
	}
	var out []View
	var name string
	var column Typed
	_, err = pgx.ForEachRow(rows, []any{&name, &column.Name, &column.Type}, func() error {
		i := slices.IndexFunc(out, func(v View) bool { return v.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, View{Name: name})
		}
		out[i].Columns = append(out[i].Columns, column)
		return nil
	})
	if err != nil {
		return nil, failed("read the views of schema cvp", err)
	}
	return out, nil
}
