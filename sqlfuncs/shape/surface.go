package shape

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/catalog"
)

// Surface is what cvp offers to clients: functions and views by name.
type Surface struct {
	functions map[string][]catalog.Function
	views     map[string][]catalog.Typed
}

// NewSurface takes what a schema cvp offers.
func NewSurface(functions []catalog.Function, views []catalog.View) *Surface {
	s := &Surface{functions: map[string][]catalog.Function{}, views: map[string][]catalog.Typed{}}
	for _, f := range functions {
		s.functions[f.Name] = append(s.functions[f.Name], f)
	}
	for _, v := range views {
		s.views[v.Name] = v.Columns
	}
	return s
}

// Function gives the functions of a name.
func (s *Surface) Function(name string) []catalog.Function { return s.functions[name] }

// View gives the columns of a view.
func (s *Surface) View(name string) []catalog.Typed { return s.views[name] }

// anyType is the type of an argument that takes every type.
const anyType = "pg_catalog.anyelement"

// fit gives the function that a call means, and for each argument as the call has it the type that it has to be of: the one
// that all functions of the name agree on, or any. ok is false where no function takes so many arguments of such names.
func (s *Surface) fit(name string, args []*pg.Node) (f catalog.Function, types []string, ok bool) {
	for _, candidate := range s.functions[name] {
		taken, fits := candidateTypes(candidate, args)
		if !fits {
			continue
		}
		if !ok {
			f, types, ok = candidate, taken, true
			continue
		}
		for i := range types {
			if types[i] != taken[i] {
				types[i] = anyType
			}
		}
	}
	return f, types, ok
}

// candidateTypes matches a call's arguments, positional then named, with those of one function.
func candidateTypes(f catalog.Function, args []*pg.Node) (types []string, ok bool) {
	given := make([]bool, len(f.Arguments))
	for i, a := range args {
		at := i
		if named := a.GetNamedArgExpr(); named != nil {
			at = slices.IndexFunc(f.Arguments, func(t catalog.Typed) bool { return t.Name == named.Name })
		}
		if at < 0 || at >= len(given) || given[at] {
			return nil, false
		}
		given[at] = true
		types = append(types, f.Arguments[at].Type)
	}
	for i, g := range given {
		if !g && i < len(given)-f.Defaults {
			return nil, false
		}
	}
	return types, true
}
