package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// Elements are scores in an array that whole numbers index. Its parameters are given by subselects: Postgres evaluates
// those once and hands their values to its parallel workers, while an array in the plan itself is written out for each
// worker as text.
type Elements struct {
	// Scores is the parameter that holds the scores; Index, where it is not 0, one that holds the place of each key's
	// score among them: keys without a score have place 0, where no array has an element.
	Scores, Index int
	// Base is what is taken off a key to get its element, Last the last key. Wide says that the keys are bigint: they
	// are cut to where they fit an index. Others index the array as they are, and Base is 0.
	Wide       bool
	Base, Last int64
}

// Element replaces the call by the element that its key, a whole number, has in an array. The key is evaluated where the
// call stands, once.
func (c *Call) Element(key *pg.Node, e Elements) error {
	index := "y"
	if e.Wide {
		// The operators and functions of GREATEST and LEAST are those of the type, whatever the search_path.
		index = fmt.Sprintf("(LEAST(GREATEST(y, '%[1]d'::pg_catalog.int8), '%[2]d'::pg_catalog.int8) OPERATOR(pg_catalog.-) '%[1]d'::pg_catalog.int8)::pg_catalog.int4",
			e.Base, e.Last+1)
	}
	if e.Index != 0 {
		index = fmt.Sprintf("(SELECT $%d::pg_catalog.int4[])[%s]", e.Index, index)
	}
	score, err := syntax.Expression(fmt.Sprintf("(SELECT $%d::pg_catalog.float8[])[%s]", e.Scores, index))
	if err != nil {
		return err
	}
	syntax.Walk(score, func(n *pg.Node, _ syntax.Place) bool {
		if n.GetColumnRef() != nil {
			n.Node = syntax.Clone(key).Node
			return false
		}
		return true
	})
	c.become(score)
	return nil
}
