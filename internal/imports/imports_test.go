package imports_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which packages of ours the production code under a top folder may import. A folder may always
// import from itself.
var allowed = map[string][]string{
	"server":   {},
	"engine":   {},
	"catalog":  {"engine"},
	"sqlfuncs": {"engine", "catalog", "server"},
	"testdata": {},
	"internal": {"testdata", "engine", "catalog", "server", "sqlfuncs"},
	"cmd":      {"server", "sqlfuncs", "catalog", "engine", "internal", "testdata"},
}

// seams are what sqlfuncs may name of package server: the interface that it implements and its types.
var seams = []string{"Planner", "Learner", "DatabasePlanner", "Preparer", "Repeater", "Repetition", "Question", "Statement", "Call", "Final", "Attachment", "Reworder", "Reader", "Late"}

// reserved says which modules of others only some packages of ours may import.
var reserved = map[string][]string{
	"github.com/prometheus/": {"cvp/internal/ops"},
	"net/http/pprof":         {"cvp/internal/ops"},
}

// source is a production file of the module. Files behind any build tag count.
type source struct {
	pkg     string // import path
	path    string
	imports []string
}

// sources reads the module itself: the cache of `go test` notices a change only in what the test has opened.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var all []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		s := source{pkg: "cvp/" + filepath.ToSlash(folder), path: path}
		for _, imported := range file.Imports {
			name, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found in the module", len(all))
	}
	return all
}

// top is the folder of the module that a package of ours lies in, "" for another's.
func top(path string) string {
	rest, ours := strings.CutPrefix(path, "cvp/")
	if !ours {
		return ""
	}
	folder, _, _ := strings.Cut(rest, "/")
	return folder
}

// against gives the imports of a file that go against the direction.
func against(s source) []string {
	from := top(s.pkg)
	may, known := allowed[from]
	if !known {
		return []string{fmt.Sprintf("folder %s has no rule", from)}
	}
	var wrong []string
	for _, imported := range s.imports {
		to := top(imported)
		if to != "" && to != from && !slices.Contains(may, to) {
			wrong = append(wrong, imported)
		}
		for prefix, owners := range reserved {
			if strings.HasPrefix(imported, prefix) && !slices.Contains(owners, s.pkg) {
				wrong = append(wrong, imported)
			}
		}
	}
	return wrong
}

func TestImportsGoOneWay(t *testing.T) {
	for _, s := range sources(t) {
		for _, wrong := range against(s) {
			t.Errorf("%s must not import %s", s.path, wrong)
		}
	}
}

func TestTheRulesCatchAWrongImport(t *testing.T) {
	tests := map[string]struct {
		s    source
		good bool
	}{
		"server imports the engine":       {source{pkg: "cvp/server/frame", imports: []string{"cvp/engine/model"}}, false},
		"engine imports sqlfuncs":         {source{pkg: "cvp/engine/prep", imports: []string{"cvp/sqlfuncs"}}, false},
		"catalog imports sqlfuncs":        {source{pkg: "cvp/catalog", imports: []string{"cvp/sqlfuncs/question"}}, false},
		"server imports test support":     {source{pkg: "cvp/server", imports: []string{"cvp/internal/pgtest"}}, false},
		"server imports Prometheus":       {source{pkg: "cvp/server", imports: []string{"github.com/prometheus/client_golang/prometheus"}}, false},
		"operators' package imports it":   {source{pkg: "cvp/internal/ops", imports: []string{"github.com/prometheus/client_golang/prometheus", "cvp/server"}}, true},
		"the program imports profiles":    {source{pkg: "cvp/cmd/cvp", imports: []string{"net/http/pprof"}}, false},
		"a folder without a rule":         {source{pkg: "cvp/util"}, false},
		"engine imports itself and gonum": {source{pkg: "cvp/engine", imports: []string{"cvp/engine/frame", "gonum.org/v1/gonum/mat"}}, true},
		"sqlfuncs imports the engine":     {source{pkg: "cvp/sqlfuncs", imports: []string{"cvp/engine"}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if wrong := against(test.s); (len(wrong) == 0) != test.good {
				t.Errorf("gives %v, want good = %v", wrong, test.good)
			}
		})
	}
}

func TestSqlfuncsKnowsTheServerByItsSeamAlone(t *testing.T) {
	named := 0
	for _, s := range sources(t) {
		if top(s.pkg) != "sqlfuncs" || !slices.Contains(s.imports, "cvp/server") {
			continue
		}
		for _, name := range serverNames(t, s.path) {
			named++
			if !slices.Contains(seams, name) {
				t.Errorf("%s uses server.%s, which is not one of %v", s.path, name, seams)
			}
		}
	}
	if named == 0 {
		t.Error("sqlfuncs names nothing of package server: this test looks in the wrong place")
	}
}

// serverNames gives what a file that imports package server names of it.
func serverNames(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "server" && pkg.Obj == nil {
			names = append(names, selector.Sel.Name)
		}
		return true
	})
	return names
}
