package syntax

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Place says where in a statement a node stands.
type Place struct {
	// Block is the innermost SELECT around the node, nil outside of any.
	Block *pg.SelectStmt
	// Depth is the number of SELECTs around the node.
	Depth int
	// InFrom says that the node stands in Block's FROM clause (a FROM item or a join condition).
	InFrom bool
	// Functions are the function calls around the node within Block, outermost first.
	Functions []*pg.FuncCall
	// Statement is the kind of the statement as a whole: the node's own type below the root.
	Statement *pg.Node
}

// Visitor is called for every node of a tree, parents first. Setting n.Node replaces the node in place; the
// walk then goes on below the replacement. Returning false skips what is below.
type Visitor func(n *pg.Node, at Place) bool

// Walk visits every node below and including root.
func Walk(root *pg.Node, visit Visitor) {
	walkNode(root, Place{Statement: root}, visit)
}

func walkNode(n *pg.Node, at Place, visit Visitor) {
	if n == nil || n.Node == nil || !visit(n, at) {
		return
	}
	walkFields(n.ProtoReflect(), at, visit)
}

// walkFields goes into the message fields of m. Lists of nodes and single nodes are visited; messages that the
// grammar embeds without a Node around (SelectStmt.larg, WithClause, …) are entered directly.
func walkFields(m protoreflect.Message, at Place, visit Visitor) {
	inner := at
	switch x := m.Interface().(type) {
	case *pg.SelectStmt:
		inner = Place{Block: x, Depth: at.Depth + 1, Statement: at.Statement}
	case *pg.InsertStmt, *pg.UpdateStmt, *pg.DeleteStmt, *pg.MergeStmt:
		inner = Place{Depth: at.Depth, Statement: at.Statement} // what stands in a data-modifying CTE is of no SELECT
	case *pg.FuncCall:
		inner.Functions = append(at.Functions[:len(at.Functions):len(at.Functions)], x)
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.Kind() != protoreflect.MessageKind {
			return true
		}
		here := inner
		if _, ok := m.Interface().(*pg.SelectStmt); ok {
			here.InFrom = fd.Name() == "from_clause"
		}
		if fd.IsList() {
			for l, i := v.List(), 0; i < l.Len(); i++ {
				enter(l.Get(i).Message(), here, visit)
			}
			return true
		}
		enter(v.Message(), here, visit)
		return true
	})
}

func enter(m protoreflect.Message, at Place, visit Visitor) {
	if n, ok := m.Interface().(*pg.Node); ok {
		walkNode(n, at, visit)
		return
	}
	walkFields(m, at, visit)
}

// Clone copies a tree.
func Clone[M proto.Message](m M) M { return proto.CloneOf(m) }

// Any reports whether some node at or below root satisfies the predicate.
func Any(root *pg.Node, is func(*pg.Node) bool) bool {
	found := false
	Walk(root, func(n *pg.Node, _ Place) bool {
		found = found || is(n)
		return !found
	})
	return found
}

// Name gives the parts of a list of String nodes: a qualified name.
func Name(parts []*pg.Node) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p.GetString_().GetSval()
	}
	return out
}
