package sqlfuncs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// place puts scores where the calls stood.
func (w *work) place(g *scoring, known *pull.Keys, scores []float64) error {
	far := ""
	if pull.Integer(known.OID) {
		if e, ok := indexed(known, scores, g.oid == pgtype.Int8OID, w.params); ok {
			return w.placeElements(g, e)
		}
		far = ", because the keys lie far apart"
	}
	why := g.calls[0].WhyLookup(g.subject.Expr)
	if why == "" && w.keepsPlan(known.Len()) {
		why = "a cursor keeps its plan"
	}
	if why == "" {
		w.explain.places("join on the key" + far)
		oid, value := known.Array()
		return rewrite.Join(g.calls, g.key, rewrite.Scores{
			Keys: w.params.Add(oid, value), Values: w.params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores)), KeyType: keyType(oid)})
	}
	w.explain.places("look-up in jsonb, because " + why)
	object, err := lookup(known.AsText(), scores, false)
	if err != nil {
		return err
	}
	n := w.params.Add(pgtype.JSONBOID, object)
	for _, c := range g.calls {
		if err := c.Lookup(g.key, n); err != nil {
			return err
		}
	}
	return nil
}

// placeRows puts the scores of whole rows where the calls stood.
func (w *work) placeRows(g *scoring, known *pull.Keys, scores []float64) error {
	w.explain.places("look-up in jsonb, because its block does not tell the rows")
	object, err := lookup(known, scores, true)
	if err != nil {
		return err
	}
	n := w.params.Add(pgtype.JSONBOID, object)
	for _, c := range g.calls {
		if err := c.LookupRow(g.key, n); err != nil {
			return err
		}
	}
	return nil
}

// placeElements has the calls read their scores out of an array.
func (w *work) placeElements(g *scoring, e rewrite.Elements) error {
	place := "element of an array, by the key"
	if w.explain.dry() {
		place += "; a join or a look-up where the keys lie far apart"
	}
	w.explain.places(place)
	for _, c := range g.calls {
		if err := c.Element(g.key, e); err != nil {
			return err
		}
	}
	return nil
}

// keyType is the type of a key in an array of that type, as SQL writes it.
func keyType(array uint32) string {
	if array == pgtype.Int8ArrayOID {
		return "pg_catalog.int8"
	}
	return "pg_catalog.text"
}

// lookup is the binary form of a jsonb object from keys to scores, with those that are NULL or without.
func lookup(keys *pull.Keys, scores []float64, nulls bool) ([]byte, error) {
	b := append(make([]byte, 0, 2+32*len(scores)), 1, '{')
	for i, k := range keys.Texts {
		if math.IsNaN(scores[i]) && !nulls {
			continue
		}
		if len(b) > 2 {
			b = append(b, ',')
		}
		name, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("encode key %q: %w", k, err)
		}
		b = append(append(b, name...), ':')
		if math.IsNaN(scores[i]) {
			b = append(b, "null"...)
			continue
		}
		b = strconv.AppendFloat(b, scores[i], 'g', -1, 64)
	}
	return append(b, '}'), nil
}

func float8(v float64) []byte {
	if math.IsNaN(v) {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, math.Float64bits(v))
}
