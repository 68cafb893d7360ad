package sqlcheck

import "testing"

// kept are the customers that a small world has: a call past the server is a round trip of its own.
const kept = "id <= 12 OR id IN (18, 22, 23, 42, 51, 77, 105, 110, 190, 199, 200)"

// shrinking leaves the rows of the kept customers alone.
const shrinking = `TRUNCATE customers, orders; DELETE FROM fresh.customers WHERE NOT (` + kept + `);
DELETE FROM fresh.orders WHERE customer_id NOT IN (SELECT id FROM fresh.customers);
INSERT INTO customers TABLE fresh.customers; INSERT INTO orders TABLE fresh.orders; ANALYZE customers, orders`

// shrink takes rows from both databases. The twin's scores are those of the rows that are left.
func (w *world) shrink(t *testing.T) {
	t.Helper()
	w.called.must(t, shrinking)
	w.native.must(t, shrinking)
	w.score(t)
}

// checkDirect runs every statement in the three ways over few rows, each in one of its modes.
func (w *world) checkDirect(t *testing.T) {
	t.Helper()
	n := 0
	for _, s := range sheets(t) {
		for _, c := range s.cases {
			modes := c.modes()
			m := modes[n%len(modes)]
			n++
			want := w.native.run(t, m, c.sql, c.params)
			got := w.called.run(t, m, c.sql, c.params)
			if err := differs(got, want, c.ordered); err != nil {
				t.Errorf("%s: %s (%s, over few rows): %v\n%s", s.name, c.title, m.name, err, c.sql)
			}
			w.after(t, m, c)
			got = w.direct.run(t, m, c.sql, c.params)
			switch err := differs(got, want, c.ordered); {
			case err != nil && c.apart == "":
				t.Errorf("%s: %s (%s, direct): %v\n%s", s.name, c.title, m.name, err, c.sql)
			case err == nil && c.apart != "":
				t.Errorf("%s: %s (%s, direct) is answered alike: take away its mark\n%s", s.name, c.title, m.name, c.sql)
			}
			w.after(t, m, c)
		}
	}
}

// checkUnlinked checks that what Postgres itself has to run is refused where it cannot call the server, and nothing else.
func (w *world) checkUnlinked(t *testing.T) {
	t.Helper()
	w.direct.must(t, "DROP SERVER cvp_engine CASCADE")
	for _, s := range sheets(t) {
		for _, c := range s.cases {
			if !c.inside {
				continue
			}
			m := c.modes()[0]
			for way, conn := range map[string]*wire{"through the server": w.called, "direct": w.direct} {
				if got := conn.run(t, m, c.sql, c.params); got.failure == nil || got.failure.code != "0A000" {
					t.Errorf("%s: %s (%s, without a foreign server) gives %v\n%s", s.name, c.title, way, got.failure, c.sql)
				}
				w.after(t, m, c)
			}
		}
	}
}
