package sqlfuncs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/catalog"
	"cvp/engine/model"
	"cvp/server"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// ahead is an execution of a statement that was remembered, whose questions are asked before it is known that its
// model is still the same version, and read for that version's rows. Where it is not, or anything else is not as it was,
// the statement is prepared.
type ahead struct {
	repetition *repetition
	meaning    catalog.Meaning
	lookups    []*source.Lookup
	model      model.Model
	holds      bool // what was remembered
}

var _ server.Repeater = (*statement)(nil)

// encoded is not NULL where checkStrings has nothing against a text without backslashes.
const encoded = "CASE WHEN pg_catalog.current_setting('client_encoding') OPERATOR(pg_catalog.=) 'UTF8' THEN 'yes' END"

// Repeat implements server.Repeater. What a name means in a registry cannot be asked on the client's connection.
func (s *statement) Repeat(call server.Call) server.Repetition {
	r := s.again.Load()
	if r == nil || r.model == "" || s.functions.kept != nil || !slices.Equal(r.oids, call.ParamOIDs) || strings.Contains(s.Text, `\`) {
		return nil
	}
	a := &ahead{repetition: r}
	var ok bool
	if a.meaning, ok = catalog.MeaningOf(r.model, encoded, plainOperators); !ok {
		return nil
	}
	l, ok := s.functions.models.Get(r.version)
	if !ok {
		return nil
	}
	relation, ok := l.source.(*source.Relation)
	if !ok {
		return nil
	}
	a.model = l.model
	w := work{call: call}
	for _, key := range r.keys {
		v, ok := w.wholeNumber(key)
		if !ok {
			return nil
		}
		lookup := relation.Lookup(v)
		if lookup == nil {
			return nil
		}
		a.lookups = append(a.lookups, lookup)
	}
	return a
}

// Questions implements server.Repetition.
func (a *ahead) Questions() []server.Question {
	out := []server.Question{{SQL: a.meaning.SQL, OIDs: a.meaning.OIDs, Params: a.meaning.Params}}
	for _, l := range a.lookups {
		out = append(out, server.Question{SQL: l.Query.SQL, OIDs: l.Query.OIDs, Params: l.Query.Params, Types: l.Types})
	}
	return out
}

// Row implements server.Repetition.
func (a *ahead) Row(question int, values [][]byte) error {
	if question > 0 && question <= len(a.lookups) {
		return a.lookups[question-1].Row(values)
	}
	id, trusted, rest, err := catalog.ReadMeaning(values)
	if err != nil {
		return err
	}
	if question != 0 || len(rest) != 2 {
		return fmt.Errorf("question %d has an answer of %d columns", question, len(values))
	}
	a.holds = id == a.repetition.version && trusted && rest[0] != nil && (rest[1] != nil || !a.repetition.equated)
	return nil
}

// Final implements server.Repetition.
func (a *ahead) Final(context.Context) (*server.Final, error) {
	if !a.holds {
		return nil, nil
	}
	final := &server.Final{SQL: a.repetition.sql}
	params := rewrite.NewParameters(len(a.repetition.oids))
	for _, l := range a.lookups {
		score, err := l.Score(a.model)
		if err != nil {
			return nil, err
		}
		params.Add(pgtype.Float8OID, float8(score))
	}
	final.ExtraOIDs, final.Extra = params.OIDs, params.Values
	return final, nil
}
