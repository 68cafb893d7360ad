package sqlfuncs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/catalog"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// A model holds the SQL that reads its rows, and whoever predicts with it runs that SQL with his own rights. Who owns a
// model could have written anything there. So the SQL of a role that the caller has no reason to trust (catalog.Version's
// Trusted) is run only where it can do nothing but read: it calls nothing but functions of Postgres known to be harmless,
// under a search_path on which there are no others, and reads nothing behind which somebody's functions hide.

// relationsSQL tells of each relation of $1 whose functions it would run to read it, NULL where that is nobody's whom the
// caller has to trust. Those of a view or of row-level security are its owner's; a type's owner makes its casts.
const relationsSQL = `
SELECT n.name,
       CASE WHEN c.oid IS NULL THEN NULL
            WHEN c.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'm']::pg_catalog.text[]) AND NOT c.relrowsecurity THEN (
                SELECT pg_catalog.pg_get_userbyid(t.typowner)
                FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
                WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped
                  AND NOT cvp.trusts(t.typowner)
                  AND NOT pg_catalog.pg_get_userbyid(t.typowner)::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2)
                LIMIT 1)
            WHEN cvp.trusts(c.relowner) OR pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text OPERATOR(pg_catalog.=) ANY ($2) THEN NULL
            ELSE pg_catalog.pg_get_userbyid(c.relowner)
       END::pg_catalog.text
FROM pg_catalog.unnest($1) AS n (name)
     LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(n.name)::pg_catalog.oid`

// servedRelationsSQL is relationsSQL where the database has no cvp.trusts: all roles to be trusted are in $2.
var servedRelationsSQL = strings.NewReplacer("cvp.trusts(t.typowner)", "false", "cvp.trusts(c.relowner)", "false").Replace(relationsSQL)

// admit refuses a model of a role that the caller has no reason to trust if its SQL could do more than read. It gives
// whether the model is such a role's.
func (w *work) admit(ctx context.Context, v *catalog.Version, r rewrite.Reading) (foreign bool, err error) {
	if v.Trusted || slices.Contains(w.trusted, v.Owner) {
		return false, nil
	}
	if r.Problem != "" {
		return true, w.distrust(v, r.Problem)
	}
	var names, owners pull.Text
	oids := []uint32{pgtype.TextArrayOID, pgtype.TextArrayOID}
	sql, trusted := relationsSQL, w.trusted
	if w.functions.kept != nil {
		sql, trusted = servedRelationsSQL, slices.Concat(w.trusted, w.served.Trusted)
	}
	if _, err := pull.Into(ctx, w.conn, pull.Query{SQL: sql, OIDs: oids, Formats: []int16{1, 1},
		Params: [][]byte{pull.TextArray(r.Relations), pull.TextArray(trusted)}}, &names, &owners); err != nil {
		return true, fmt.Errorf("inspect the relations of model %q: %w", v.Name, err)
	}
	for i, owner := range owners {
		if owner != nil {
			return true, w.distrust(v, fmt.Sprintf("run functions of role %q behind %s", *owner, *names[i]))
		}
	}
	return true, nil
}

// distrust is the error for a model that would run something of somebody's.
func (w *work) distrust(v *catalog.Version, what string) error {
	return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "42501",
		Message: fmt.Sprintf("model %q of role %q would %s with your rights", v.Name, v.Owner, what),
		Hint:    fmt.Sprintf("If you trust that role with them, SET cvp.trusted_roles = '%s', with commas between several.", strings.ReplaceAll(pgx.Identifier{v.Owner}.Sanitize(), "'", "''"))}
}

// trustedRoles reads the setting cvp.trusted_roles: names, quoted or not, with commas between.
func trustedRoles(setting string) []string {
	var out []string
	for part := range strings.SplitSeq(setting, ",") {
		name := strings.TrimSpace(part)
		if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
			name = strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
		} else {
			name = strings.ToLower(name)
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

// scores has a model score keys, nil for all. The SQL of a foreign one finds nothing but what Postgres itself has.
func (w *work) scores(ctx context.Context, l *loaded, keys *pull.Keys) (known *pull.Keys, scores []float64, err error) {
	if w.explain.dry() {
		return w.explain.none(l), nil, nil
	}
	defer w.explain.scoring(l, keys, &scores)()
	if !l.foreign {
		return l.source.Score(ctx, w.conn, l.model, keys)
	}
	var path, pinned pull.Text
	_, err = pull.Into(ctx, w.conn, pull.Query{
		SQL: "SELECT pg_catalog.current_setting('search_path'), pg_catalog.set_config('search_path', 'pg_catalog', true)"}, &path, &pinned)
	if err != nil {
		return nil, nil, fmt.Errorf("read the rows of another role's model: %w", err)
	}
	known, scores, err = l.source.Score(ctx, w.conn, l.model, keys)
	if err != nil && w.conn.TxStatus() != 'T' {
		return nil, nil, err // the rollback puts the setting back
	}
	_, restored := pull.Into(ctx, w.conn, pull.Query{SQL: "SELECT pg_catalog.set_config('search_path', $1, true)",
		Params: [][]byte{[]byte(*path[0])}, OIDs: []uint32{pgtype.TextOID}}, &pinned)
	if err == nil {
		err = restored
	}
	return known, scores, err
}
