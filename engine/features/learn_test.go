package features

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cvp/engine/frame"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestTheFeaturesOfAShopAreAsListed(t *testing.T) {
	rows := shopRows(6, 50, 400)
	ev := mustEvents(t, rows, shopRoles)
	target := sumOver(30)
	target.Compare, target.Constant = ">", 20
	s := mustLearn(t, ev, customersOf(rows), target, 200*day, 300*day)
	var got strings.Builder
	for _, f := range s.Features() {
		fmt.Fprintf(&got, "%s\t%s\t%s\n", f.Name, f.Kind, f.Formula)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&got, "note: %s\n", n)
	}
	golden(t, "testdata/shop_features.golden", got.String())
}

func TestTheFeaturesOfPageViewsAreAsListed(t *testing.T) {
	rows := shopRows(6, 50, 400)
	tables := NewTables(mustEvents(t, rows, shopRoles), nil, mustViews(t, views(6, 50, 400)))
	s, err := Learn(tables, sumOver(30), []int64{200 * day, 300 * day}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range s.Features() {
		if strings.HasPrefix(f.Name, "views_") {
			fmt.Fprintf(&got, "%s\t%s\t%s\n", f.Name, f.Kind, f.Formula)
		}
	}
	golden(t, "testdata/shop_views.golden", got.String())
}

// golden compares with a file, which -update rewrites.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("run with -update if this is meant:\n%s", d)
	}
}

func TestEveryFeatureHasANameOfItsOwn(t *testing.T) {
	rows := shopRows(6, 50, 400)
	f := shopFrame(rows)
	// An event column and an attribute that are called like features.
	f.Columns[6].Name = "purchases"
	key := frame.Column{Name: "customer", Kind: frame.Category, Levels: []string{"c1"}, Codes: []int32{0}}
	recent := frame.Column{Name: "days_since_last", Kind: frame.Number, Numbers: []float32{4}}
	attrs, err := NewAttributes(&frame.Frame{Rows: 1, Columns: []frame.Column{key, recent}}, "customer")
	if err != nil {
		t.Fatal(err)
	}
	ev, err := NewEvents(f, shopRoles)
	if err != nil {
		t.Fatal(err)
	}
	s := mustLearn(t, ev, attrs, sumOver(30), 200*day)
	seen := make(map[string]bool)
	for _, ft := range s.Features() {
		if seen[ft.Name] {
			t.Errorf("%s occurs twice", ft.Name)
		}
		seen[ft.Name] = true
	}
	if !seen["days_since_last_2"] {
		t.Error("the attribute was not renamed")
	}
}

func TestWindowsFollowHorizonAndHistory(t *testing.T) {
	for _, c := range []struct {
		name    string
		horizon int
		cutoff  int64
		want    []int
	}{
		{"a long history", 30, 500, []int{7, 14, 30, 60, 90, 180, 365, 730}},
		{"a short history", 30, 50, []int{7, 14, 30, 60}},
		{"a horizon that is no step of the ladder", 45, 100, []int{7, 14, 30, 45, 60, 90}},
		{"a short horizon", 1, 30, []int{1, 3, 7, 14, 30}},
		{"hardly any history", 90, 2, []int{90}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := mustEvents(t, shopRows(1, 300, 800), shopRoles)
			if s := mustLearn(t, ev, nil, sumOver(c.horizon), c.cutoff*day); !slices.Equal(s.Windows, c.want) {
				t.Errorf("got %v, want %v", s.Windows, c.want)
			}
		})
	}
}

func TestLearningSaysWhatItLeavesOut(t *testing.T) {
	var rows []shopRow
	for i := range 400 {
		rows = append(rows, shopRow{customer: fmt.Sprint("c", i%40), at: int64(i) * day, product: fmt.Sprint("unique", i), range_: "same", quantity: 0})
	}
	f := shopFrame(rows)
	f.Columns[5].Name = "x" // was amount
	ev, err := NewEvents(f, Roles{Entity: "customer", Time: "at"})
	if err != nil {
		t.Fatal(err)
	}
	s := mustLearn(t, ev, nil, Target{Aggregate: Count, Horizon: sumOver(30).Horizon}, 200*day, 300*day)
	want := []string{
		"no number column is named like an amount: purchases are counted, not valued",
		`column "product" is left out: it names rows (300 texts in 300 rows)`,
		"season of the cutoff is left out: it takes 24 cutoffs over 730 days, there are 2 over 100",
	}
	if d := cmp.Diff(want, s.Notes); d != "" {
		t.Error(d)
	}
	if len(s.Numbers) != 0 || len(s.Mixes) != 0 || len(s.Distinct) != 0 || s.Hours || s.Returns || s.Amount != "" {
		t.Errorf("constant columns were taken: %+v", s)
	}
}

func TestTheSeasonIsLearnedFromManyCutoffsOverYears(t *testing.T) {
	ev := mustEvents(t, shopRows(1, 20, 1000), shopRoles)
	var cutoffs []int64
	for d := int64(150); d < 1000; d += 30 {
		cutoffs = append(cutoffs, d*day)
	}
	s := mustLearn(t, ev, nil, sumOver(30), cutoffs...)
	x := mustCompute(t, s, ev, nil, ev.PointsAt(cutoffs))
	if c := x.Column("season_sin"); !s.Calendar || c == nil || c.Numbers[0] == c.Numbers[x.Rows-1] {
		t.Errorf("no season from %d cutoffs", len(cutoffs))
	}
}

func TestLearningNeedsSomethingToLearnFrom(t *testing.T) {
	ev := mustEvents(t, shopRows(1, 5, 100), shopRoles)
	for _, c := range []struct {
		target  Target
		cutoffs []int64
		opts    Options
		want    string
	}{
		{Target{}, []int64{50 * day}, Options{}, `learn features: unknown aggregate "": use one of count, count_distinct, sum, exists, avg, min, max, first, last`},
		{sumOver(3), nil, Options{}, "learn features: no training cutoffs"},
		{sumOver(3), []int64{-day}, Options{}, "learn features: no event lies before the last training cutoff"},
		{sumOver(3), []int64{50 * day}, Options{Amount: "range"}, `learn features: amount column "range" is not a number column of the events`},
	} {
		if _, err := Learn(NewTables(ev, nil), c.target, c.cutoffs, c.opts); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestAttributesKeepTheirLevelsAndHideTheFuture(t *testing.T) {
	rows := []shopRow{{customer: "a", at: 1}, {customer: "b", at: 1}, {customer: "c", at: 1}}
	ev := mustEvents(t, rows, Roles{Entity: "customer", Time: "at"})
	table := func(levels []string, codes ...int32) *Attributes {
		a, err := NewAttributes(&frame.Frame{Rows: 3, Columns: []frame.Column{
			{Name: "id", Kind: frame.Category, Levels: []string{"c", "a", "b"}, Codes: []int32{0, 1, 2}},
			{Name: "city", Kind: frame.Category, Levels: levels, Codes: codes},
			{Name: "joined", Kind: frame.Time, Times: []int64{frame.NoTime, 8 * day, 12 * day}},
			{Name: "age", Kind: frame.Number, Numbers: []float32{3, 1, missing}},
		}}, "id")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	s := mustLearn(t, ev, table([]string{"Rome", "Bonn"}, 0, 1, 0), Target{Aggregate: Count, Horizon: sumOver(1).Horizon}, 10*day)
	points := ev.SeenBefore(10 * day)
	show := func(attrs *Attributes) string {
		x := mustCompute(t, s, ev, attrs, points)
		city, joined, age := x.Column("city"), x.Column("days_since_joined"), x.Column("age")
		return fmt.Sprint(city.Levels, city.Codes, joined.Numbers, age.Numbers)
	}
	for _, c := range []struct{ name, got, want string }{
		{"as learned", show(table([]string{"Rome", "Bonn"}, 0, 1, 0)), "[Bonn Rome] [0 1 1] [2 NaN NaN] [1 NaN 3]"},
		{"other codes and a new level", show(table([]string{"Bonn", "Oslo", "Rome"}, 2, 0, 1)), "[Bonn Rome] [0 -1 1] [2 NaN NaN] [1 NaN 3]"},
		{"none", show(nil), "[Bonn Rome] [-1 -1 -1] [NaN NaN NaN] [NaN NaN NaN]"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
}

func FuzzDecodeSpec(f *testing.F) {
	ev, err := NewEvents(shopFrame(shopRows(6, 20, 300)), shopRoles)
	if err != nil {
		f.Fatal(err)
	}
	s, err := Learn(NewTables(ev, nil), sumOver(30), []int64{200 * day}, Options{})
	if err != nil {
		f.Fatal(err)
	}
	b, err := s.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"windows":[1,2],"half_lives":[],"mixes":[{"column":"range","levels":["r1","r1"]}]}`))
	f.Add([]byte(`{"version":1,"windows":[0]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := DecodeSpec(in)
		if err != nil {
			return
		}
		out, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeSpec(out)
		if err != nil {
			t.Fatalf("%s does not decode: %v", out, err)
		}
		if second, _ := again.Encode(); !bytes.Equal(out, second) {
			t.Fatalf("%s became %s", out, second)
		}
		if len(s.Features()) > 10_000 {
			return
		}
		// A stored spec that is odd may be refused, but it never panics.
		_, _ = s.Compute(t.Context(), NewTables(ev, nil), ev.SeenBefore(100 * day)[:3])
	})
}
