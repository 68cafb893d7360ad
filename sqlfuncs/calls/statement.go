package calls

import (
	"slices"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// Statement is one statement of a query string.
type Statement struct {
	// Text is the statement with cvp's names qualified.
	Text string
	// Engine lists the engine functions that it calls, once per call.
	Engine []string
	// Registry says that it names a function or a view that Postgres answers from schema cvp.
	Registry bool
	// Runs says that running the statement runs those calls; else Postgres keeps them for later, or calls them itself.
	Runs bool
	// Reads lists the relations that it reads and that the caller of Split knows.
	Reads []string
	// Defines lists the views that it makes or renames, where it names anything of cvp's or known to the caller.
	Defines []string
	// Prepares says that it prepares what names anything of cvp's or known to the caller, Executes that it runs what was
	// prepared.
	Prepares, Executes bool
	// ReadOnly says that the statement reads by a SELECT that trains, writes and locks nothing.
	ReadOnly bool

	start   int   // where the statement begins in the query string, in characters
	inserts []int // 0-based offsets in Text, in characters, behind each inserted prefix
}

const prefix = Schema + "."

// Split parses a query string and gives its statements, nil where none of them names anything of cvp's or of what
// known knows, or executes what may, or the string does not parse. known tells the bare names of relations that stand for calls; it may be nil.
func Split(sql string, known func(relation string) bool) []Statement {
	tree, err := syntax.Parse(sql)
	if err != nil {
		return nil
	}
	out, ours := make([]Statement, 0, len(tree.Stmts)), false
	for _, raw := range tree.Stmts {
		from, to := int(raw.StmtLocation), int(raw.StmtLocation+raw.StmtLen)
		if raw.StmtLen == 0 {
			to = len(sql)
		}
		s, named := statement(sql, from, to, raw.Stmt, known)
		out, ours = append(out, s), ours || named
	}
	if !ours {
		return nil
	}
	return out
}

// statement qualifies sql[from:to]. named says that it holds a name of cvp's.
func statement(sql string, from, to int, stmt *pg.Node, known func(string) bool) (s Statement, named bool) {
	s.start = utf8.RuneCountInString(sql[:from])
	s.ReadOnly, s.Runs = reads(stmt), Query(stmt) != nil
	own := syntax.CommonTables(stmt)
	var at []int // byte offsets in sql where the prefix goes
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		s.ReadOnly = s.ReadOnly && !writes(n)
		switch {
		case n.GetFuncCall() != nil:
			f := n.GetFuncCall()
			name, bare := function(f)
			if name == "" {
				return true
			}
			named = true
			if engine(name) {
				s.Engine = append(s.Engine, name)
				s.ReadOnly = s.ReadOnly && name != Train
			} else {
				s.Registry = true
			}
			if bare {
				at = append(at, int(f.Location))
			}
		case n.GetRangeVar() != nil:
			r := n.GetRangeVar()
			if known != nil && known(r.Relname) && !(own[r.Relname] && r.Schemaname == "") {
				named = true
				if s.Runs {
					s.Reads = append(s.Reads, r.Relname)
				}
			}
			if view(r.Relname) && !own[r.Relname] && (r.Schemaname == "" || r.Schemaname == Schema) {
				named, s.Registry = true, true
				if r.Schemaname == "" {
					at = append(at, int(r.Location))
				}
			}
		}
		return true
	})
	if r := stmt.GetRenameStmt().GetRelation(); known != nil && known(r.GetRelname()) {
		named = true
	}
	if named {
		s.Defines, s.Prepares = defines(stmt), stmt.GetPrepareStmt() != nil
	}
	s.Executes = Query(stmt).GetExecuteStmt() != nil
	slices.Sort(at)
	at = slices.Compact(at) // UPDATE … SET (a, b) = … has its source once for each column
	var b strings.Builder
	last, chars := from, 0
	for _, p := range at {
		b.WriteString(sql[last:p])
		chars += utf8.RuneCountInString(sql[last:p])
		b.WriteString(prefix)
		chars += len(prefix)
		s.inserts = append(s.inserts, chars)
		last = p
	}
	b.WriteString(sql[last:to])
	s.Text = b.String()
	return s, named || s.Executes
}

// defines gives the view that a statement makes or renames: dbt makes each under another name first.
func defines(stmt *pg.Node) []string {
	if v := stmt.GetViewStmt(); v != nil {
		return []string{v.GetView().GetRelname()}
	}
	switch r := stmt.GetRenameStmt(); r.GetRenameType() {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW:
		return []string{r.GetNewname()}
	}
	return nil
}

// writes reports whether a node changes or locks rows.
func writes(n *pg.Node) bool {
	return n.GetInsertStmt() != nil || n.GetUpdateStmt() != nil || n.GetDeleteStmt() != nil || n.GetMergeStmt() != nil || n.GetLockingClause() != nil
}

// Position maps a 1-based position in Text, in characters, to the query string that was split.
func (s *Statement) Position(p int32) int32 {
	shift := 0
	for _, behind := range s.inserts {
		if int(p) > behind {
			shift += len(prefix)
		}
	}
	return p - int32(shift) + int32(s.start)
}

// function gives the name of the cvp function that f calls, "" where it is another's, and whether it was
// written without its schema.
func function(f *pg.FuncCall) (name string, bare bool) {
	parts := syntax.Name(f.Funcname)
	name = parts[len(parts)-1]
	if !engine(name) && !registry(name) {
		return "", false
	}
	switch {
	case len(parts) == 1:
		return name, true
	case len(parts) == 2 && parts[0] == Schema:
		return name, false
	}
	return "", false
}

// RegistryCall gives the name of the function that n calls and that Postgres answers from schema cvp, "" where it calls none.
func RegistryCall(n *pg.Node) string {
	f := n.GetFuncCall()
	if f == nil {
		return ""
	}
	if name, _ := function(f); registry(name) {
		return name
	}
	return ""
}

// EngineCall gives the name of the engine function that n calls, "" where it calls none.
func EngineCall(n *pg.Node) string {
	f := n.GetFuncCall()
	if f == nil {
		return ""
	}
	if name, _ := function(f); engine(name) {
		return name
	}
	return ""
}
