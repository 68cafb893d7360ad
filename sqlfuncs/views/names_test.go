package views

import "testing"

func TestNamesAreFoundInEverySpelling(t *testing.T) {
	var n Names
	if n.Mentions([]byte("SELECT * FROM scored")) {
		t.Error("a name is found before any is known")
	}
	n.Learned([]string{"scored", "Risky Ones"})
	n.Add("made_just_now")
	for sql, want := range map[string]bool{
		"SELECT * FROM scored":            true,
		"SELECT * FROM Public.SCORED s":   true,
		`SELECT * FROM "Risky Ones"`:      true,
		`SELECT * FROM U&"sc\006fred"`:    true,
		"SELECT * FROM made_just_now":     true,
		"SELECT * FROM scores":            false,
		"SELECT * FROM customers":         false,
		"SELECT 'scored' -- costs a look": true,
	} {
		if got := n.Mentions([]byte(sql)); got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
	if !n.Has("scored") || n.Has("Scored") {
		t.Error("the name of a relation is taken in another case")
	}
}

func TestOneSessionLooksAtATime(t *testing.T) {
	var n Names
	if !n.Due() || n.Due() {
		t.Error("two sessions look the names up")
	}
	n.Learned([]string{"scored"})
	if n.Due() {
		t.Error("names that were just learned are looked up again")
	}
	n.learned = n.learned.Add(-2 * stale)
	if !n.Due() {
		t.Error("names are never looked up again")
	}
	n.Add("uncommitted")
	n.Learned([]string{"scored"})
	if !n.Has("uncommitted") {
		t.Error("a view is forgotten that the session that has looked could not see")
	}
	n.added["uncommitted"] = n.added["uncommitted"].Add(-2 * uncommitted)
	n.Learned([]string{"scored"})
	if n.Has("uncommitted") {
		t.Error("a view that never came is known for ever")
	}
	n.learned = n.learned.Add(-2 * stale)
	if !n.Due() {
		t.Error("names are not looked up again")
	}
	n.Learned(nil) // it failed
	if !n.Has("scored") || n.Due() {
		t.Error("a failure forgets the names, or is repeated at once")
	}
}

func BenchmarkMentions(b *testing.B) {
	var n Names
	n.Learned([]string{"scored_customers", "risky_ones", "by_region"})
	sql := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = $1")
	for b.Loop() {
		n.Mentions(sql)
	}
}
