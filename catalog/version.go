package catalog

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/model"
)

// Kind is what a model was trained on.
type Kind string

const (
	// Question is a sentence about raw tables.
	Question Kind = "question"
	// Relation is a table, view or query with a target column.
	Relation Kind = "relation"
)

// ID names a version for good: it is never used again, not even after a rollback. The database is part of it,
// since a dump restored elsewhere holds the same versions, under other rights.
type ID struct {
	Database uint32 // oid
	Version  [16]byte
}

// String is the version's uuid.
func (id ID) String() string {
	h := hex.EncodeToString(id.Version[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

// Description is what a version was trained for and how it came out, without the artifact.
type Description struct {
	Name      string // of the model
	Kind      Kind
	Question  string // Question: the sentence
	Relation  string // Relation: as the client wrote it
	Target    string // Relation: the column predicted
	Key       string // column that names a row or entity, "" where there is none
	Algorithm string
	Task      model.Task
	// Metric has Value on the hold-out and Baseline for the baseline there; NaN is unknown.
	Metric          string
	Value, Baseline float64
	HigherBetter    bool
	Rows            int64           // training examples
	Spec            json.RawMessage // options, cutoffs, frozen hold-out; the registry does not look inside
}

// Version is a trained version in the registry.
type Version struct {
	Description
	ID        ID
	Version   int // 1, 2, …
	Deployed  bool
	Owner     string // role that owns the model
	TrainedAt time.Time
	TrainedBy string // role that trained this version
	// Trusted says that the caller has reason to trust the owner: it is a role of his own, a superuser, or the owner of the
	// database.
	Trusted bool
}

// describe begins a statement that gives the version of one uuid. Which database it is comes from Postgres itself: whoever
// owns schema cvp of one database can have cvp.describe say what he likes, and an ID of another database would give
// him that one's models from the cache, or put his own there.
const describe = `
SELECT (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()), d.id, d.model, d.version, d.deployed, d.owner, d.kind, d.question, d.relation, d.target, d.key,
       d.algorithm, d.task, d.metric, d.value, d.baseline, d.higher_better, d.rows, d.spec, d.trained_at, d.trained_by,
       d.owner OPERATOR(pg_catalog.=) current_user::pg_catalog.text
           OR COALESCE(cvp.trusts(pg_catalog.to_regrole(pg_catalog.quote_ident(d.owner))::pg_catalog.oid), false)`

// described is where describe reads; the id and a parenthesis follow.
const described = `
FROM cvp.describe(`

// Resolve finds the version that churn (the deployed one), churn@3 or churn@live names, in one round trip. What
// the role may not see does not exist: an error 42704 with the nearest name as a hint.
func Resolve(ctx context.Context, conn *pgconn.PgConn, ref string) (*Version, error) {
	v, _, err := ResolveWith(ctx, conn, ref)
	return v, err
}

// ResolveWith is Resolve that also evaluates SQL expressions of type text, which must not name what d stands for. It
// spares whoever needs both a round trip. A nil value is NULL.
func ResolveWith(ctx context.Context, conn *pgconn.PgConn, ref string, expressions ...string) (*Version, []*string, error) {
	sql := describe
	values := make([]*string, len(expressions))
	into := make([]any, len(expressions))
	for i, e := range expressions {
		sql += ",\n" + e
		into[i] = &values[i]
	}
	v, err := scanVersion(ctx, conn, sql+described+"cvp.resolve($1)) AS d", []argument{text(ref)}, into...)
	if err != nil {
		return nil, nil, failed(fmt.Sprintf("resolve model %q", ref), err)
	}
	return v, values, nil
}

// Previous is the version that a new training of this name is compared with and whose hold-out it shares: the
// deployed one, else the newest, nil if there is none. It is an error, worth having before the work is done,
// where the role may not train a model of this name.
func Previous(ctx context.Context, conn *pgconn.PgConn, name string) (*Version, error) {
	v, err := scanVersion(ctx, conn, describe+described+"cvp.previous_version($1)) AS d", []argument{text(name)})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(fmt.Sprintf("look for earlier versions of model %q", name), err)
	}
	return v, nil
}

// Deployed is the only deployed version that the role may use: what a call without a model means.
func Deployed(ctx context.Context, conn *pgconn.PgConn) (*Version, error) {
	ids, names, err := deployed(ctx, conn)
	if err != nil {
		return nil, failed("look for the deployed model", err)
	}
	switch len(ids) {
	case 0:
		return nil, refusal("42704", "no model is deployed",
			"Train one with cvp_train, deploy one of cvp_models with cvp_deploy, or name one that is shared with you.")
	case 1:
		v, err := scanVersion(ctx, conn, describe+described+"$1) AS d", []argument{{pgtype.UUIDOID, ids[0]}})
		if err != nil {
			return nil, failed(fmt.Sprintf("describe model %q", names[0]), err)
		}
		return v, nil
	}
	return nil, refusal("42725", "several models are deployed: "+listed(names),
		fmt.Sprintf("Name one, as in cvp_predict(%s, …), or choose it with SET cvp.model.", literal(names[0])))
}

// mostNamed is how many models an error lists.
const mostNamed = 10

func deployed(ctx context.Context, conn *pgconn.PgConn) (ids [][16]byte, names []string, err error) {
	rows, err := query(ctx, conn, "SELECT d.id, d.model FROM cvp.deployed_models($1) AS d",
		argument{pgtype.Int4OID, mostNamed + 1})
	if err != nil {
		return nil, nil, err
	}
	var id [16]byte
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		ids, names = append(ids, id), append(names, name)
		return nil
	})
	return ids, names, err
}

func listed(names []string) string {
	quoted := make([]string, 0, mostNamed+1)
	for i, name := range names {
		if i == mostNamed {
			quoted = append(quoted, "…")
			break
		}
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}

// literal writes a name as a client would in SQL.
func literal(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }

// Artifact reads the bytes of a version that was resolved before, on the same connection.
func Artifact(ctx context.Context, conn *pgconn.PgConn, id ID) ([]byte, error) {
	var artifact []byte
	err := queryRow(ctx, conn, "SELECT cvp.artifact($1)", []argument{{pgtype.UUIDOID, id.Version}}, &artifact)
	if err != nil {
		return nil, failed("read model version "+id.String(), err)
	}
	if artifact == nil {
		return nil, refusal("42704", fmt.Sprintf("model version %s does not exist", id), "It may have been dropped meanwhile.")
	}
	return artifact, nil
}

// scanVersion runs a statement that gives version_description rows and reads its only one.
func scanVersion(ctx context.Context, conn *pgconn.PgConn, sql string, arguments []argument, more ...any) (*Version, error) {
	var v Version
	var question, relation, target, key *string
	var value, baseline *float64
	into := append([]any{
		&v.ID.Database, &v.ID.Version, &v.Name, &v.Version, &v.Deployed, &v.Owner, &v.Kind, &question, &relation,
		&target, &key, &v.Algorithm, &v.Task, &v.Metric, &value, &baseline, &v.HigherBetter, &v.Rows, &v.Spec,
		&v.TrainedAt, &v.TrainedBy, &v.Trusted}, more...)
	if err := queryRow(ctx, conn, sql, arguments, into...); err != nil {
		return nil, err
	}
	v.Question, v.Relation, v.Target, v.Key = orEmpty(question), orEmpty(relation), orEmpty(target), orEmpty(key)
	v.Value, v.Baseline = orNaN(value), orNaN(baseline)
	return &v, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orNaN(f *float64) float64 {
	if f == nil {
		return math.NaN()
	}
	return *f
}
