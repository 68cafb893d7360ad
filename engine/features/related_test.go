package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cvp/engine/frame"
)

func TestLevelsThatGoWithTheConditionAreRelated(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	var rows []shopRow
	for c := range 1500 {
		fond := r.Float64() // of sausages, and so of bacon
		for n := range 20 {
			row := shopRow{customer: fmt.Sprint("c", c), order: fmt.Sprint(c, "-", n), at: int64(n) * day * 10, amount: 1, product: fmt.Sprint("p", r.IntN(40))}
			switch u := r.Float64(); {
			case u < fond/4:
				row.product, row.match = "sausage", 1
			case u < fond/2:
				row.product = "bacon"
			}
			if row.at >= 150*day { // what comes after the last cutoff says the opposite
				row.match = 1 - row.match
			}
			rows = append(rows, row)
		}
	}
	ev := mustEvents(t, rows, shopRoles)
	s := mustLearn(t, ev, nil, sumOver(30), 100*day, 150*day)
	var got []string
	for _, l := range s.Related {
		if l.Column == "product" {
			got = l.Levels
		}
	}
	if !slices.Equal(got, []string{"sausage", "bacon"}) {
		t.Errorf("got %v", got)
	}
	x := mustCompute(t, s, ev, nil, ev.SeenBefore(150*day))
	share := x.Column("share_amount_product_bacon")
	lo, hi := ev.between(0, 0, 150*day)
	bacon := 0.0
	for i := lo; i < hi; i++ {
		if c := ev.column("product", frame.Category); c.Levels[c.Codes[i]] == "bacon" {
			bacon++
		}
	}
	if want := bacon / float64(hi-lo); math.Abs(float64(share.Numbers[0])-want) > 1e-6 {
		t.Errorf("share of bacon: got %v, want %v", share.Numbers[0], want)
	}
}
