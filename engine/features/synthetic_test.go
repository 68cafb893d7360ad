package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cvp/engine/frame"
)

const day = int64(microsPerDay)

var shopRoles = Roles{Entity: "customer", Time: "at", Group: "order", Value: "amount", Match: "match"}

// shopRow is one order line of the synthetic shop.
type shopRow struct {
	customer, order, product, range_ string
	at                               int64
	amount, quantity, match          float32
}

// shopRows draws orders of customers over days of history: several lines an order, some orders at one instant, some
// with lines at two instants, returns, missing amounts and missing categories.
func shopRows(seed uint64, customers, days int) []shopRow {
	r := rand.New(rand.NewPCG(seed, 1))
	var rows []shopRow
	for c := range customers {
		key := fmt.Sprintf("c%d", c*7%customers)
		rate := 2 + 30*r.Float64()
		n := 0
		for at := r.Float64() * rate; at < float64(days); at += r.ExpFloat64() * rate {
			instant := int64(at*24) * microsPerHour // whole hours, so that orders meet
			n++
			for range 1 + r.IntN(4) {
				row := shopRow{customer: key, order: fmt.Sprintf("%s-%d", key, n), at: instant,
					product: fmt.Sprintf("p%d", r.IntN(200)), range_: fmt.Sprintf("r%d", r.IntN(r.IntN(8)+1)),
					amount: float32(r.IntN(5000)-200) / 100, quantity: float32(1 + r.IntN(5)), match: float32(r.IntN(2))}
				if r.IntN(20) == 0 {
					row.at += microsPerHour * int64(r.IntN(72))
				}
				if r.IntN(30) == 0 {
					row.amount = missing
				}
				if r.IntN(30) == 0 {
					row.range_ = ""
				}
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// shopFrame lays rows out as a frame, levels in order of first appearance.
func shopFrame(rows []shopRow) *frame.Frame {
	texts := func(name string, of func(shopRow) string) frame.Column {
		c := frame.Column{Name: name, Kind: frame.Category}
		codes := map[string]int32{"": frame.NoCode}
		for _, r := range rows {
			v := of(r)
			if _, ok := codes[v]; !ok {
				codes[v] = int32(len(c.Levels))
				c.Levels = append(c.Levels, v)
			}
			c.Codes = append(c.Codes, codes[v])
		}
		return c
	}
	numbers := func(name string, of func(shopRow) float32) frame.Column {
		c := frame.Column{Name: name, Kind: frame.Number}
		for _, r := range rows {
			c.Numbers = append(c.Numbers, of(r))
		}
		return c
	}
	at := frame.Column{Name: "at", Kind: frame.Time}
	for _, r := range rows {
		at.Times = append(at.Times, r.at)
	}
	return &frame.Frame{Rows: len(rows), Columns: []frame.Column{
		texts("customer", func(r shopRow) string { return r.customer }),
		at,
		texts("order", func(r shopRow) string { return r.order }),
		texts("product", func(r shopRow) string { return r.product }),
		texts("range", func(r shopRow) string { return r.range_ }),
		numbers("amount", func(r shopRow) float32 { return r.amount }),
		numbers("quantity", func(r shopRow) float32 { return r.quantity }),
		numbers("match", func(r shopRow) float32 { return r.match }),
	}}
}

// customersOf gives one attribute row per customer.
func customersOf(rows []shopRow) *Attributes {
	key := frame.Column{Name: "customer", Kind: frame.Category}
	country := frame.Column{Name: "country", Kind: frame.Category, Levels: []string{"NL", "DE", "FR"}}
	age := frame.Column{Name: "age", Kind: frame.Number}
	joined := frame.Column{Name: "joined", Kind: frame.Time}
	for _, r := range rows {
		if slices.Contains(key.Levels, r.customer) {
			continue
		}
		n := int32(len(key.Levels))
		key.Codes, key.Levels = append(key.Codes, n), append(key.Levels, r.customer)
		country.Codes = append(country.Codes, n%4-1)
		age.Numbers = append(age.Numbers, float32(20+n%50))
		joined.Times = append(joined.Times, int64(n)*day*5)
	}
	a, err := NewAttributes(&frame.Frame{Rows: len(key.Codes), Columns: []frame.Column{key, country, age, joined}}, "customer")
	if err != nil {
		panic(err) // the frame above is always well formed
	}
	return a
}

func mustEvents(t testing.TB, rows []shopRow, r Roles) *Events {
	t.Helper()
	ev, err := NewEvents(shopFrame(rows), r)
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func mustLearn(t testing.TB, ev *Events, attrs *Attributes, target Target, cutoffs ...int64) *Spec {
	t.Helper()
	s, err := Learn(NewTables(ev, attrs), target, cutoffs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustCompute(t testing.TB, s *Spec, ev *Events, attrs *Attributes, points []Point) *frame.Frame {
	t.Helper()
	x, err := s.Compute(t.Context(), NewTables(ev, attrs), points)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// differences lists the columns of which row i of x differs in any bit from row j of y.
func differences(x, y *frame.Frame, i, j int) []string {
	var out []string
	for c := range x.Columns {
		a, b := &x.Columns[c], &y.Columns[c]
		same := a.Name == b.Name && a.Kind == b.Kind
		if same && a.Kind == frame.Category {
			same = a.Codes[i] == b.Codes[j] && slices.Equal(a.Levels, b.Levels)
		} else if same {
			same = math.Float32bits(a.Numbers[i]) == math.Float32bits(b.Numbers[j])
		}
		if !same {
			out = append(out, a.Name)
		}
	}
	return out
}

func sumOver(days int) Target {
	return Target{Aggregate: Sum, Horizon: time.Duration(days) * 24 * time.Hour}
}
