package features_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"cvp/engine/features"
	"cvp/engine/frame"
)

// Two customers, one order a week and one a month: who orders in the next 30 days, and what is known of them?
func Example() {
	start := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	customer := frame.Column{Name: "customer", Kind: frame.Category, Levels: []string{"weekly", "monthly"}}
	at := frame.Column{Name: "ordered_at", Kind: frame.Time}
	amount := frame.Column{Name: "amount", Kind: frame.Number}
	for d := range 300 {
		for code, every := range []int{7, 30} {
			if d%every == 0 {
				customer.Codes = append(customer.Codes, int32(code))
				at.Times = append(at.Times, start.AddDate(0, 0, d).UnixMicro())
				amount.Numbers = append(amount.Numbers, 10)
			}
		}
	}
	f := &frame.Frame{Rows: len(at.Times), Columns: []frame.Column{customer, at, amount}}

	ev, err := features.NewEvents(f, features.Roles{Entity: "customer", Time: "ordered_at", Value: "amount"})
	if err != nil {
		log.Fatal(err)
	}
	target := features.Target{Aggregate: features.Sum, Horizon: 30 * 24 * time.Hour}
	plan, err := features.PlanCutoffs(start.UnixMicro(), start.AddDate(0, 0, 300).UnixMicro(), target.Horizon, features.PlanOptions{})
	if err != nil {
		log.Fatal(err)
	}
	spec, err := features.Learn(features.NewTables(ev, nil), target, plan.Cutoffs(), features.Options{})
	if err != nil {
		log.Fatal(err)
	}
	points := ev.SeenBefore(plan.Test)
	x, err := spec.Compute(context.Background(), features.NewTables(ev, nil), points)
	if err != nil {
		log.Fatal(err)
	}
	labels := target.Labels(ev, points)
	for i, p := range points {
		fmt.Printf("%s: %v orders in 30 days, mean gap %v days, label %v\n", ev.Keys[p.Entity],
			x.Column("purchases_30d").Numbers[i], x.Column("gap_mean").Numbers[i], labels[i])
	}
	// Output:
	// monthly: 1 orders in 30 days, mean gap 30 days, label 10
	// weekly: 4 orders in 30 days, mean gap 7 days, label 40
}
