package sqlfuncs

import (
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// The rows that a call gives are columns of a FROM item, each an array parameter of the type that the catalog function
// declares.

func (w *work) column(name, typ string, array uint32, v []byte) rewrite.Column {
	return rewrite.Column{Name: name, Type: "pg_catalog." + typ, Parameter: w.params.Add(array, v)}
}

func (w *work) texts(name string, v []string) rewrite.Column {
	return w.column(name, "text", pgtype.TextArrayOID, pull.TextArray(v))
}

// optionalTexts has nil for NULL.
func (w *work) optionalTexts(name string, v []*string) rewrite.Column {
	return w.column(name, "text", pgtype.TextArrayOID, pull.NullableTextArray(v))
}

// floats has NaN for NULL.
func (w *work) floats(name string, v []float64) rewrite.Column {
	return w.column(name, "float8", pgtype.Float8ArrayOID, pull.Float8Array(v))
}

func (w *work) bigints(name string, v []int64) rewrite.Column {
	return w.column(name, "int8", pgtype.Int8ArrayOID, pull.Int8Array(v))
}

func (w *work) integers(name string, v []int32) rewrite.Column {
	return w.column(name, "int4", pgtype.Int4ArrayOID, pull.Int4Array(v))
}

func (w *work) booleans(name string, v []bool) rewrite.Column {
	return w.column(name, "bool", pgtype.BoolArrayOID, pull.BoolArray(v))
}
