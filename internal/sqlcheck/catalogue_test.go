package sqlcheck

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"
)

var update = flag.Bool("update", false, "write the golden files and docs/sql.md")

const (
	// least is how many statements the catalogue holds at least.
	least = 300
	// differing is how many of them a direct connection answers otherwise.
	differing = 9
	// keeping is the sheet of those that Postgres keeps calls of.
	keeping = "11-inside"
)

// Every statement of the catalogue gives through the server what it gives where the functions are Postgres's own, in every
// mode, and that is what the golden file says. A direct connection, which asks the server for one score after the other,
// gives the same over fewer rows.
func TestCatalogue(t *testing.T) {
	w := newWorld(t)
	w.restore(t, "")
	count, apart, began := 0, 0, time.Now()
	for _, s := range sheets(t) {
		var golden strings.Builder
		for _, c := range s.cases {
			count++
			fmt.Fprintf(&golden, "-- %s\n%s\n\n", c.title, w.check(t, s.name, c))
			if c.apart != "" {
				apart++
			}
		}
		compareFile(t, filepath.Join(catalogue, s.name+".golden"), golden.String())
	}
	if count < least || apart != differing {
		t.Errorf("the catalogue holds %d statements, want %d; a direct connection answers %d otherwise, want %d", count, least, apart, differing)
	}
	t.Logf("%d statements in %.1f s", count, time.Since(began).Seconds())
	if *registry {
		return
	}
	w.shrink(t)
	began = time.Now()
	w.checkDirect(t)
	t.Logf("in three ways over few rows in %.1f s", time.Since(began).Seconds())
	w.checkUnlinked(t)
}

// modes are those that a statement can be run in.
func (c *sample) modes() (out []mode) {
	for _, m := range modes {
		if c.several && (m.extended || m.block) || c.simple && m.extended || len(c.params) > 0 && !m.extended {
			continue
		}
		out = append(out, m)
	}
	return out
}

// check runs a statement both ways in every mode and gives what the golden file says of it.
func (w *world) check(t *testing.T, sheet string, c *sample) (golden string) {
	t.Helper()
	failed := false
	for i, m := range c.modes() {
		want := w.native.run(t, m, c.sql, c.params)
		got := w.called.run(t, m, c.sql, c.params)
		if i == 0 {
			golden = describe(want, c.ordered)
		}
		if *registry && sheet == keeping {
			if got.failure == nil {
				t.Errorf("%s (%s): the database has no schema cvp to keep a call of, but it is not refused\n%s", c.title, m.name, c.sql)
			}
		} else if err := differs(got, want, c.ordered); err != nil && !failed {
			failed = true // one mode says enough
			t.Errorf("%s: %s (%s): %v\n%s", sheet, c.title, m.name, err, c.sql)
		}
		w.after(t, m, c)
	}
	return golden
}

// after restores what a statement may have changed.
func (w *world) after(t *testing.T, m mode, c *sample) {
	t.Helper()
	if !m.block && (c.writes || c.several) {
		w.restore(t, c.sql)
	}
}

// describe writes an outcome for a golden file. Floats are rounded there: their last digits depend on the machine.
func describe(o outcome, ordered bool) string {
	var b strings.Builder
	for _, r := range o.results {
		names := make([]string, len(r.columns))
		rounded := make([][][]byte, len(r.rows))
		for i, c := range r.columns {
			names[i] = c.name + " " + typeName(c.typ)
		}
		for i, row := range r.rows {
			for j, v := range row {
				rounded[i] = append(rounded[i], round(v, r.columns[j].typ))
			}
		}
		if len(names) > 0 {
			fmt.Fprintln(&b, strings.Join(names, " | "))
		}
		writeRows(&b, lines(rounded, ordered))
		for _, d := range r.copied {
			b.Write(d)
		}
		fmt.Fprintln(&b, r.tag)
	}
	if o.failure != nil {
		fmt.Fprintln(&b, "ERROR", o.failure)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// writeRows writes a few rows, and a digest of all where there are more.
func writeRows(b *strings.Builder, rows []string) {
	const shown = 12
	for i, row := range rows {
		if i == shown {
			fmt.Fprintf(b, "… %d more, all with sha256 %.12x\n", len(rows)-shown, sha256.Sum256([]byte(strings.Join(rows, "\n"))))
			break
		}
		fmt.Fprintln(b, row)
	}
}

func typeName(oid uint32) string {
	if t, ok := pgtype.NewMap().TypeForOID(oid); ok {
		return t.Name
	}
	if oid >= firstOwn {
		return "(of the user's)"
	}
	return strconv.FormatUint(uint64(oid), 10)
}

func round(v []byte, typ uint32) []byte {
	f, err := strconv.ParseFloat(string(v), 64)
	if v == nil || err != nil || typ != pgtype.Float8OID && typ != pgtype.Float4OID {
		return v
	}
	return strconv.AppendFloat(nil, f, 'g', 5, 64)
}

func compareFile(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-file +now):\n%s", path, d)
	}
}
