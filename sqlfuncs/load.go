package sqlfuncs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/engine"
	"cvp/engine/features"
	"cvp/engine/model"
	"cvp/engine/models/items"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// loaded is a model version ready to score.
type loaded struct {
	version *catalog.Version
	source  source.Source
	model   model.Model
	items   *items.Model    // in place of model where it recommends
	reading rewrite.Reading // of source
	bytes   int64
	// foreign says that the model is of a role that the caller has no reason to trust.
	foreign bool
}

// plainOperators is not NULL where Postgres finds its own operators before anybody's: the search_path does not name
// pg_catalog behind another schema. (A temporary schema is never searched for operators.)
const plainOperators = `CASE WHEN 'pg_catalog' OPERATOR(pg_catalog.=) ANY ((pg_catalog.current_schemas(true)::pg_catalog.text[])[1:2])
  AND ((pg_catalog.current_schemas(true))[1] OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.name OR (pg_catalog.current_schemas(true))[1]::pg_catalog.text OPERATOR(pg_catalog.~~) 'pg\_temp%') THEN 'yes' END`

// settings are SQL expressions for what a session has set.
var settings = []string{
	"pg_catalog.current_setting('cvp.progress', true)", "pg_catalog.current_setting('cvp.model', true)",
	"pg_catalog.current_setting('cvp.trusted_roles', true)", plainOperators,
	"pg_catalog.current_setting('cvp.work_mem', true)",
}

// look reads the session's settings, and looks up the only model that the statement names, if it names one.
func (w *work) look(ctx context.Context, models []string) error {
	if w.functions.kept != nil {
		values, err := w.ask(ctx, append(settings[:len(settings):len(settings)], w.functions.kept.servedSettings()...))
		if err != nil {
			return err
		}
		w.set(values)
		return w.serve(values[len(settings):])
	}
	if len(models) == 1 && models[0] != "" {
		v, values, err := catalog.ResolveWith(ctx, w.conn, models[0], settings...)
		if err != nil {
			return err
		}
		w.resolved = map[string]*catalog.Version{models[0]: v}
		w.set(values)
		return nil
	}
	values, err := w.ask(ctx, settings)
	if err != nil {
		return err
	}
	w.set(values)
	return nil
}

// oneText is a pull.Sink of the one value of a column.
type oneText struct{ into **string }

// Append implements pull.Sink.
func (t *oneText) Append(b []byte) error {
	if b != nil {
		s := string(b)
		*t.into = &s
	}
	return nil
}

// set takes the values of settings.
func (w *work) set(values []*string) {
	progress, model, trusted, operators := values[0], values[1], values[2], values[3]
	if progress != nil && (*progress == "off" || *progress == "false" || *progress == "0" || *progress == "no") {
		w.notices.progress = false
	}
	if model != nil {
		w.model = *model
	}
	if trusted != nil {
		w.trusted = trustedRoles(*trusted)
	}
	w.plainOperators = operators != nil
	if values[4] != nil {
		w.workMem = *values[4]
	}
}

// namedModels gives the models that the calls of cvp_predict name by a literal, each once, or nil where one is named in
// another way.
func namedModels(cs []*rewrite.Call) (names []string) {
	for _, c := range cs {
		if c.Function != calls.Predict || len(c.Func.Args) < 2 || c.Func.Args[0].GetNamedArgExpr() != nil {
			return nil
		}
		name, ok := rewrite.Literal(c.Func.Args[0])
		if !ok {
			return nil
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// load finds the version that a name means to the session's role, "" meaning cvp.model or the only deployed
// model, and decodes it unless it is in the cache. Whether the role may use it is asked each time.
func (w *work) load(ctx context.Context, name string) (*loaded, error) {
	l, err := w.loadAny(ctx, name)
	if err == nil && l.items != nil {
		return nil, failure("0A000", fmt.Sprintf("model %q recommends items, it has no score of a key", l.version.Name), fmt.Sprintf("Ask for them: SELECT * FROM cvp_recommend('%s', key).", l.version.Name))
	}
	return l, err
}

// loadAny is load for models that recommend items too.
func (w *work) loadAny(ctx context.Context, name string) (*loaded, error) {
	if name == "" {
		name = w.model
	}
	v := w.resolved[name]
	if v == nil {
		var err error
		if v, err = w.resolve(ctx, name); err != nil {
			return nil, err
		}
	}
	l, ok := w.functions.models.Get(v.ID)
	if !ok {
		var err error
		if l, err = w.decode(ctx, v); err != nil {
			return nil, err
		}
		w.functions.models.Put(v.ID, l, l.bytes)
	}
	foreign, err := w.admit(ctx, v, l.reading)
	if err != nil {
		return nil, err
	}
	from, err := w.bounded(l.source)
	if err != nil {
		return nil, err
	}
	return &loaded{version: v, source: from, model: l.model, items: l.items, foreign: foreign}, nil
}

// decode reads a version's artifact.
func (w *work) decode(ctx context.Context, v *catalog.Version) (*loaded, error) {
	var b []byte
	err := w.inRegistry(ctx, func(conn *pgconn.PgConn) (err error) {
		b, err = catalog.Artifact(ctx, conn, v.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	l, err := decode(v, b)
	if err != nil {
		return nil, fmt.Errorf("decode model %q version %d: %w", v.Name, v.Version, err)
	}
	return l, nil
}

// decode makes a stored version ready to score.
func decode(v *catalog.Version, b []byte) (*loaded, error) {
	a, err := engine.Decode(b)
	if err != nil {
		return nil, err
	}
	l := &loaded{version: v, bytes: int64(len(b) + len(v.Spec))}
	if a.Kind == engine.KindItems {
		l.items, err = items.Decode(a.Model)
	} else {
		l.model, err = a.Load()
	}
	if err != nil {
		return nil, err
	}
	var s spec
	if err := json.Unmarshal(v.Spec, &s); err != nil {
		return nil, err
	}
	if err := l.find(v, a, s); err != nil {
		return nil, err
	}
	l.reading = rewrite.ReadingOf(l.source.Queries()...)
	return l, nil
}

// find reads where the rows of a version are.
func (l *loaded) find(v *catalog.Version, a *engine.Artifact, s spec) (err error) {
	if v.Kind == catalog.Relation {
		l.source = &source.Relation{}
		return json.Unmarshal(s.Source, l.source)
	}
	e := &source.Events{}
	l.source = e
	if a.Kind == engine.KindItems {
		return json.Unmarshal(s.Source, e)
	}
	if e.Spec, err = features.DecodeSpec(a.Features); err != nil {
		return err
	}
	return json.Unmarshal(s.Source, e)
}
