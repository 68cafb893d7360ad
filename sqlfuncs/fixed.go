package sqlfuncs

import (
	"encoding/binary"
	"strconv"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// A statement about one key says which: cvp_predict('m', 42), or a condition id = $1 on the rows. A whole number is
// read off the statement and the parameters, without asking Postgres, and its score is one parameter of the result.

// fix notes the one key that a group is about, if it is a whole number that can be read off.
func (w *work) fix(g *scoring) {
	if v, ok := w.wholeNumber(g.subject.Expr); ok {
		g.fixed, g.named = &v, syntax.Clone(g.subject.Expr)
		return
	}
	if !w.plainOperators || g.subject.Row != "" {
		return // = may be somebody's own
	}
	if value := rewrite.Equated(g.calls[0], g.subject.Expr); value != nil {
		if v, ok := w.wholeNumber(value); ok {
			g.fixed, g.named, g.equated = &v, syntax.Clone(value), true
		}
	}
}

// integerBits are the sizes of the integer types, by the names that the parser gives them.
var integerBits = map[string]uint{"int2": 16, "int4": 32, "int8": 64}

// wholeNumber gives the value of an integer literal or parameter, or of one that is cast to an integer type.
func (w *work) wholeNumber(n *pg.Node) (int64, bool) {
	if c := n.GetTypeCast(); c != nil {
		parts := syntax.Name(c.TypeName.Names)
		bits := integerBits[parts[len(parts)-1]]
		if bits == 0 || len(parts) != 2 || parts[0] != "pg_catalog" || len(c.TypeName.ArrayBounds) > 0 || c.Arg.GetTypeCast() != nil {
			return 0, false
		}
		v, ok := w.wholeNumber(c.Arg)
		return v, ok && v>>(bits-1) == v>>63
	}
	if c := n.GetAConst().GetIval(); c != nil {
		return int64(c.Ival), true
	}
	i := int(n.GetParamRef().GetNumber()) - 1
	if n.GetParamRef() == nil || i < 0 || i >= len(w.call.Params) || i >= len(w.call.ParamOIDs) ||
		!pull.Integer(w.call.ParamOIDs[i]) || w.call.Params[i] == nil {
		return 0, false
	}
	b := w.call.Params[i]
	if i >= len(w.call.ParamFormats) || w.call.ParamFormats[i] == pgtype.TextFormatCode {
		v, err := strconv.ParseInt(string(b), 10, 64)
		return v, err == nil
	}
	switch len(b) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b))), true
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b))), true
	case 8:
		return int64(binary.BigEndian.Uint64(b)), true
	}
	return 0, false
}

// fixedKeys are the keys of a group that is about one.
func (g *scoring) fixedKeys() *pull.Keys {
	if g.model.source.KeyInteger() {
		return &pull.Keys{OID: pgtype.Int8OID, Ints: []int64{*g.fixed}}
	}
	return &pull.Keys{OID: pgtype.TextOID, Texts: []string{strconv.FormatInt(*g.fixed, 10)}}
}

// keyTypes are the types of the keys of a statement's key queries, as Postgres has described them. A prepared statement
// keeps them between its executions.
type keyTypes struct {
	mu    sync.Mutex
	known map[string]uint32
}

func (t *keyTypes) get(sql string) (uint32, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	oid, ok := t.known[sql]
	return oid, ok
}

// put keeps a type. A statement has as many key queries as calls, but for what its parameters put into them.
func (t *keyTypes) put(sql string, oid uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) > 16 {
		t.known = map[string]uint32{}
	}
	t.known[sql] = oid
}
