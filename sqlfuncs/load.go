package sqlfuncs

import (
	"context"
	"encoding/json"
	"fmt"

	"cvp/catalog"
	"cvp/engine"
	"cvp/engine/features"
	"cvp/engine/model"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/source"
)

// loaded is a model version ready to score.
type loaded struct {
	version *catalog.Version
	source  source.Source
	model   model.Model
	bytes   int64
}

// settings reads the session's cvp settings.
func (w *work) settings(ctx context.Context) error {
	var progress, model pull.Text
	_, err := pull.Into(ctx, w.conn, pull.Query{
		SQL: "SELECT pg_catalog.current_setting('cvp.progress', true), pg_catalog.current_setting('cvp.model', true)"}, &progress, &model)
	if err != nil {
		return fmt.Errorf("read session settings: %w", err)
	}
	if v := progress[0]; v != nil && (*v == "off" || *v == "false" || *v == "0" || *v == "no") {
		w.notices.progress = false
	}
	if v := model[0]; v != nil {
		w.model = *v
	}
	return nil
}

// load finds the version that a name means to the session's role, "" meaning cvp.model or the only deployed
// model, and decodes it unless it is in the cache. Whether the role may use it is asked each time.
func (w *work) load(ctx context.Context, name string) (*loaded, error) {
	if name == "" {
		name = w.model
	}
	var v *catalog.Version
	var err error
	if name == "" {
		v, err = catalog.Deployed(ctx, w.conn)
	} else {
		v, err = catalog.Resolve(ctx, w.conn, name)
	}
	if err != nil {
		return nil, err
	}
	if l, ok := w.functions.models.Get(v.ID); ok {
		return &loaded{version: v, source: l.source, model: l.model}, nil
	}
	b, err := catalog.Artifact(ctx, w.conn, v.ID)
	if err != nil {
		return nil, err
	}
	l, err := decode(v, b)
	if err != nil {
		return nil, fmt.Errorf("decode model %q version %d: %w", v.Name, v.Version, err)
	}
	w.functions.models.Put(v.ID, l, l.bytes)
	return l, nil
}

// decode makes a stored version ready to score.
func decode(v *catalog.Version, b []byte) (*loaded, error) {
	a, err := engine.Decode(b)
	if err != nil {
		return nil, err
	}
	l := &loaded{version: v, bytes: int64(len(b) + len(v.Spec))}
	if l.model, err = a.Load(); err != nil {
		return nil, err
	}
	var s spec
	if err := json.Unmarshal(v.Spec, &s); err != nil {
		return nil, err
	}
	if v.Kind == catalog.Relation {
		l.source = &source.Relation{}
		return l, json.Unmarshal(s.Source, l.source)
	}
	e := &source.Events{}
	l.source = e
	if e.Spec, err = features.DecodeSpec(a.Features); err != nil {
		return nil, err
	}
	return l, json.Unmarshal(s.Source, e)
}
