package items

import (
	"context"
	"fmt"
	"slices"

	"cvp/engine/metrics"
)

// Window is when customers are recommended to, and what they bought then.
type Window struct {
	Cutoff int64
	// Customers are indices into Log.Of; Bought are the different items of each in the window, none empty.
	Customers []int32
	Bought    [][]int32
}

// Names of the metrics at k, as SQL shows them.
func mapAt(k int) string { return fmt.Sprintf("map_at_%d", k) }

// Metric is what chooses and judges: the mean average precision of the k best.
func Metric(k int) string { return mapAt(k) }

// judged sums up how good lists of k were.
type judged struct {
	k                                int
	n                                float64
	precision, recall, average, hits float64
}

// add takes one customer's list, the best first.
func (j *judged) add(list, bought []int32) {
	found, average := 0.0, 0.0
	for rank, item := range list {
		if slices.Contains(bought, item) {
			found++
			average += found / float64(rank+1)
		}
	}
	j.n++
	j.precision += found / float64(j.k)
	j.recall += found / float64(len(bought))
	j.average += average / float64(min(j.k, len(bought)))
	if found > 0 {
		j.hits++
	}
}

func (j *judged) metrics() []metrics.Metric {
	return []metrics.Metric{
		{Name: mapAt(j.k), Value: j.average / j.n},
		{Name: fmt.Sprintf("precision_at_%d", j.k), Value: j.precision / j.n},
		{Name: fmt.Sprintf("recall_at_%d", j.k), Value: j.recall / j.n},
		{Name: fmt.Sprintf("hit_rate_at_%d", j.k), Value: j.hits / j.n},
	}
}

// Trial is weights with the MAP that they reach on the validation window.
type Trial struct {
	Weights
	MAP float64
}

// grid are the weights that Choose tries for each half-life.
var (
	halfLives = []float64{30, 90, 365}
	repeats   = []float64{-1, 0, 0.3, 1, 3, 10} // below 0: who has bought an item has it
	populars  = []float64{0, 0.1, 0.3, 1, 3}
)

// sampled is about how many customers Choose tries the weights on: the standard error of the MAP is below 0.01 then.
const sampled = 2000

// Choose tries weights on a validation window, the model being fitted on what was before it. The first of equals wins.
func Choose(ctx context.Context, log *Log, valid Window, k int) (Weights, []Trial, error) {
	m := Fit(log, valid.Cutoff, Weights{})
	s := newScorer(m)
	var trials []Trial
	for _, halfLife := range halfLives {
		var lot []Weights
		for _, repeat := range repeats {
			for _, popular := range populars {
				lot = append(lot, Weights{halfLife, repeat, popular})
			}
		}
		results := make([]judged, len(lot))
		every := (len(valid.Customers) + sampled - 1) / sampled
		for n := 0; n < len(valid.Customers); n += every {
			c := valid.Customers[n]
			if err := ctx.Err(); err != nil {
				return Weights{}, nil, err
			}
			s.parts(before(log.Of[c], valid.Cutoff), valid.Cutoff, halfLife)
			for i, w := range lot {
				results[i].k = k
				results[i].add(s.top(w, k), valid.Bought[n])
			}
		}
		for i, w := range lot {
			trials = append(trials, Trial{w, results[i].average / results[i].n})
		}
	}
	best := trials[0]
	for _, t := range trials[1:] {
		if t.MAP > best.MAP {
			best = t
		}
	}
	return best.Weights, trials, nil
}

// Judge measures the model on a window behind what it was fitted on.
func Judge(ctx context.Context, m *Model, log *Log, w Window, k int) ([]metrics.Metric, error) {
	s := newScorer(m)
	j := judged{k: k}
	for n, c := range w.Customers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.parts(before(log.Of[c], w.Cutoff), w.Cutoff, m.Weights.HalfLifeDays)
		j.add(s.top(m.Weights, k), w.Bought[n])
	}
	return j.metrics(), nil
}

// Rule is a rule of thumb that a model must beat.
type Rule struct {
	Name string
	only Weights
}

// Rules are what needs no model of neighbours: what sells, and what the customer bought before, then what sells.
func Rules() []Rule {
	return []Rule{{"popularity", Weights{90, 0, 1}}, {"buy_again", Weights{90, 1, 1e-6}}}
}

// Judge measures the rule on a window.
func (r Rule) Judge(ctx context.Context, m *Model, log *Log, w Window, k int) ([]metrics.Metric, error) {
	alone := *m
	alone.Near, alone.Weights = make([][]Neighbour, len(m.Items)), r.only
	return Judge(ctx, &alone, log, w, k)
}
