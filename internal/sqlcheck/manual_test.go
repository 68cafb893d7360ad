package sqlcheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// manual is the head of docs/sql.md; the tables behind it are made of the catalogue.
const manual = `# Calls in SQL

Where a call of ` + "`cvp_predict`" + ` may stand and how it is executed. Every statement below is run by ` + "`go test ./internal/sqlcheck`" + `, by both
protocols, in text and in binary, with and without a transaction around it, and compared with the same statement over functions of
Postgres's own that look the scores up; what it gives lies in ` + "`testdata/sql/*.golden`" + `. Over fewer rows it is run once more, and also on
a direct connection to Postgres whose [calls ask the server](direct.md). Random statements are compared with the scores looked up:
300 in the test, 10,000 by ` + "`make fuzz-sql`" + `. EXPLAIN tells the same of a statement of yours.

**How.** The keys that a call can meet are read first and scored in one batch. Where both the key and the model's are whole numbers that
lie close together (at least one in eight of those between the first and the last), the call becomes an element of an array that the keys
index: the tables below say what happens to other keys. Else the call becomes

- *join*: a column of a LEFT JOIN of its SELECT with the keys and scores, two array parameters;
- *look-up*: a look-up of the key in one jsonb parameter, where a join would change what the SELECT means;
- *parameter*: a single parameter, where all rows share the key;
- *table*: a subselect over array parameters, for functions that give rows.

What keeps a call for later (a function, a trigger, a default, a materialised view) is run *by Postgres itself, row by row*, through the
[foreign server](direct.md); without one it is refused with 0A000. A view that is read through the server is written out and planned as above.

**Direct connections** give the same, but for the FEW statements below that say how they differ, as *direct*.

**Which keys.** *Of its SELECT*: those of its FROM clause and of such conditions as give the same answer again. *All*: every key of the
model, where that cannot be known before the statement runs, or where the model has 50,000 keys or more and Postgres expects its SELECT to
give a fifth of them: reading them would run the joins once more. The first is asked for only the keys of the rows that a LIMIT picks, where
the call itself does not decide which those are.

**What to know.**

- A key that may be an error (` + "`10 / x`" + `, a cast of a text) is computed only where the call stands, so that a CASE around it keeps its meaning.
- The model is the same for all rows: a literal, a parameter, or an expression of these. One that does not exist is an error even if no
  row is read.
- A whole row is scored by its columns, or by its key for a question. A row that the statement itself makes (RETURNING of an UPDATE, a WITH
  that deletes) is refused with 0A000, unless Postgres may call the server: give the key.
- Postgres plans a statement of the extended protocol before the calls in it are answered, with volatile functions in their place: it
  refuses a FULL JOIN on calls alone.
- Keys are compared as numbers or uuids where the model's are such, in whatever type and spelling they come: 42.0 is 42, 7.250 is 7.25, a
  uuid may have braces. All others are compared as text, and a text that is not written like a number is none: '042' is not 42.

`

// The manual lists every statement of the catalogue with the way in which it is executed.
func TestManual(t *testing.T) {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(manual, "FEW", strconv.Itoa(differing)))
	for _, s := range sheets(t) {
		fmt.Fprintf(&b, "## %s\n\n| | statement | executed |\n|---|---|---|\n", s.title)
		for _, c := range s.cases {
			how := c.executed(t)
			if c.inside {
				how = "by Postgres itself, row by row"
			}
			if c.apart != "" {
				how += "; *direct:* " + c.apart
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s |\n", cell(c.title), cell(strings.Join(strings.Fields(c.sql), " ")), cell(how))
		}
		b.WriteString("\n")
	}
	compareFile(t, "../../docs/sql.md", strings.TrimSuffix(b.String(), "\n"))
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// executed says how the calls of a statement are, each way once.
func (c *sample) executed(t *testing.T) string {
	t.Helper()
	tree, err := syntax.Parse(c.sql)
	if err != nil {
		return "refused by Postgres's grammar"
	}
	var ways []string
	for _, raw := range tree.Stmts {
		if raw.Stmt.GetIndexStmt() != nil || raw.Stmt.GetCreateStmt() != nil {
			ways = append(ways, "refused by Postgres")
			continue
		}
		for _, call := range rewrite.Find(raw.Stmt) {
			if way := wayOf(t, raw.Stmt, call); !slices.Contains(ways, way) {
				ways = append(ways, way)
			}
		}
	}
	return strings.Join(ways, "; ")
}

// wayOf says how one call is executed. It goes by the statement alone, as EXPLAIN does where no table has to be asked.
func wayOf(t *testing.T, stmt *pg.Node, call *rewrite.Call) string {
	t.Helper()
	if call.Function != calls.Predict {
		return "table"
	}
	args := call.Func.Args
	subject := args[len(args)-1]
	for _, a := range args {
		if n := a.GetNamedArgExpr(); n != nil && n.Name == "subject" {
			subject = n.Arg
		}
	}
	if rewrite.Constant(subject) {
		return "parameter"
	}
	s := rewrite.SubjectOf(call, subject)
	way, keys := "join", "keys of its SELECT"
	if why := call.WhyLookup(subject); why != "" {
		way = "look-up, because " + why
	}
	if why := rewrite.WhyEveryKey(stmt, call, s); why != "" {
		keys = "all keys, because " + why
	}
	return way + "; " + keys
}
