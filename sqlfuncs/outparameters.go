package sqlfuncs

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// voidOID is the type of a parameter that stands for what a function gives.
const voidOID = 2278

// withoutOutParameters takes from the arguments of all functions the parameters of type void, as Postgres does
// (ParseFuncOrColumn): pgjdbc writes {? = call f(?)} as f($1, $2), where the first is not for f.
func withoutOutParameters(stmt *pg.Node, oids []uint32) {
	if !slices.Contains(oids, voidOID) {
		return
	}
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		if f := n.GetFuncCall(); f != nil {
			f.Args = slices.DeleteFunc(f.Args, func(a *pg.Node) bool {
				i := int(a.GetParamRef().GetNumber()) - 1
				return i >= 0 && i < len(oids) && oids[i] == voidOID
			})
		}
		return true
	})
}
