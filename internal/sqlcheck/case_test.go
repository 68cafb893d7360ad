package sqlcheck

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/syntax"
)

// catalogue is where the statements lie.
const catalogue = "../../testdata/sql"

// sheet is one file of statements.
type sheet struct {
	name  string // without .sql
	title string
	cases []*sample
}

// sample is one statement of the catalogue, or a string of several.
type sample struct {
	title  string
	sql    string
	params []param
	// inside says that Postgres itself runs the calls: through the foreign server, in every way but the twin's.
	inside bool
	// apart is the reason why a direct connection answers otherwise, "" where it does not.
	apart string
	// ordered says that the order of the rows means something.
	ordered bool
	// several says that the string holds several statements, which the simple protocol alone takes.
	several bool
	// simple says that it does not work in the extended protocol, for the reason in the file.
	simple bool
	// writes says that the statement may leave something behind.
	writes bool
}

// sheets reads the catalogue. A file is a title, then statements with a blank line between them. A statement's first
// line is its title; lines of comment behind it are directives:
//
//	-- parameters: int4=7, text=NULL
//	-- ordered, where that cannot be read off the statement
//	-- inside Postgres
//	-- direct: the reason why a direct connection answers otherwise
//	-- simple only: the reason
func sheets(t testing.TB) []sheet {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(catalogue, "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no statements in %s: %v", catalogue, err)
	}
	var out []sheet
	titles := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(strings.TrimSpace(string(text)), "\n\n")
		s := sheet{name: strings.TrimSuffix(filepath.Base(file), ".sql"), title: strings.TrimPrefix(parts[0], "-- ")}
		for _, part := range parts[1:] {
			c, err := readSample(part)
			if err != nil {
				t.Fatalf("%s: %q: %v", file, part, err)
			}
			if titles[c.title] {
				t.Fatalf("%s: title %q is given twice", file, c.title)
			}
			titles[c.title] = true
			s.cases = append(s.cases, c)
		}
		out = append(out, s)
	}
	return out
}

func readSample(text string) (*sample, error) {
	rows := strings.Split(text, "\n")
	c := &sample{}
	for len(rows) > 0 && strings.HasPrefix(rows[0], "-- ") {
		note := strings.TrimPrefix(rows[0], "-- ")
		rows = rows[1:]
		name, value, _ := strings.Cut(note, ": ")
		switch {
		case c.title == "":
			c.title = note
		case note == "ordered":
			c.ordered = true
		case name == "simple only":
			c.simple = true
		case note == "inside Postgres":
			c.inside = true
		case name == "direct":
			c.apart = value
		case name == "parameters":
			for _, p := range strings.Split(value, ", ") {
				parsed, err := readParam(p)
				if err != nil {
					return nil, err
				}
				c.params = append(c.params, parsed)
			}
		default:
			return nil, fmt.Errorf("unknown directive %q", note)
		}
	}
	c.sql = strings.Join(rows, "\n")
	if c.title == "" || c.sql == "" {
		return nil, fmt.Errorf("a statement needs a title and a text")
	}
	return c, c.read()
}

// read finds out what kind of statement it is.
func (c *sample) read() error {
	tree, err := syntax.Parse(c.sql)
	if err != nil {
		return nil // for Postgres to refuse
	}
	c.several = len(tree.Stmts) > 1
	for _, s := range tree.Stmts {
		sel := s.Stmt.GetSelectStmt()
		c.ordered = c.ordered || len(tree.Stmts) == 1 && len(sel.GetSortClause()) > 0
		c.writes = c.writes || sel == nil || sel.IntoClause != nil || strings.Contains(strings.ToUpper(c.sql), "RETURNING")
	}
	return nil
}

func readParam(text string) (param, error) {
	name, value, ok := strings.Cut(text, "=")
	typ, known := pgtype.NewMap().TypeForName(name)
	if !ok || !known {
		return param{}, fmt.Errorf("parameter %q is not type=value", text)
	}
	p := param{typ: typ.OID}
	if value != "NULL" {
		p.value = []byte(value)
	}
	return p, nil
}
