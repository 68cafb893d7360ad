package items

// Recommendation is an item with its score; greater is likelier. It is no probability.
type Recommendation struct {
	Item  string
	Score float64
}

// Recommender recommends to one customer after the other with memory of its own.
type Recommender struct{ s *scorer }

// Recommender makes a recommender of the model.
func (m *Model) Recommender() *Recommender { return &Recommender{newScorer(m)} }

// Recommend gives the n best items for a customer with such a history as of a cutoff, the best first. The history is of
// items by text, since a customer may have bought what the model has not seen.
func (r *Recommender) Recommend(bought []string, at []int64, cutoff int64, n int) []Recommendation {
	var history []Purchase
	s, m := r.s, r.s.m
	for i, text := range bought {
		if item, known := m.index[text]; known && at[i] < cutoff {
			history = append(history, Purchase{item, at[i]})
		}
	}
	s.parts(history, cutoff, m.Weights.HalfLifeDays)
	best := s.top(m.Weights, n)
	out := make([]Recommendation, len(best))
	for i, item := range best {
		out[i] = Recommendation{m.Items[item], s.score(item, m.Weights)}
	}
	return out
}

// scorer scores all items for one customer after the other, with memory of its own.
type scorer struct {
	m       *Model
	similar []float64 // the first part of the score of each item
	repeat  []float64 // the second, without its weight
	touched []int32   // items for which they are not 0
}

func newScorer(m *Model) *scorer {
	return &scorer{m: m, similar: make([]float64, len(m.Items)), repeat: make([]float64, len(m.Items))}
}

// parts computes the parts of the scores.
func (s *scorer) parts(history []Purchase, cutoff int64, halfLifeDays float64) {
	for _, item := range s.touched {
		s.similar[item], s.repeat[item] = 0, 0
	}
	s.touched = s.touched[:0]
	for _, p := range history {
		if s.repeat[p.Item] == 0 {
			s.touched = append(s.touched, p.Item)
		}
		s.repeat[p.Item] += decayed(p.At, cutoff, halfLifeDays)
	}
	var most, sum float64
	own := len(s.touched)
	for _, item := range s.touched {
		most, sum = max(most, s.repeat[item]), sum+s.repeat[item]
	}
	for _, item := range s.touched[:own] {
		for _, near := range s.m.Near[item] {
			if s.similar[near.Item] == 0 && s.repeat[near.Item] == 0 {
				s.touched = append(s.touched, near.Item)
			}
			s.similar[near.Item] += s.repeat[item] * float64(near.Cosine) / sum
		}
	}
	for _, item := range s.touched[:own] {
		s.repeat[item] /= most
	}
}

func (s *scorer) score(item int32, w Weights) float64 {
	return s.similar[item] + w.Repeat*s.repeat[item] + w.Popular*float64(s.m.Popular[item])
}

// top gives the n items with the greatest scores: of those that the history touches and of the most popular. Of equals
// the more popular comes first.
func (s *scorer) top(w Weights, n int) []int32 {
	best := make([]int32, 0, n)
	scores := make([]float64, 0, n)
	offer := func(item int32) {
		v := s.score(item, w)
		if len(best) == n && !s.before(v, item, scores[n-1], best[n-1]) {
			return
		}
		if len(best) < n {
			best, scores = append(best, item), append(scores, v)
		}
		at := len(best) - 1
		for ; at > 0 && s.before(v, item, scores[at-1], best[at-1]); at-- {
			best[at], scores[at] = best[at-1], scores[at-1]
		}
		best[at], scores[at] = item, v
	}
	for _, item := range s.touched {
		offer(item)
	}
	for _, item := range s.m.ranked[:min(len(s.m.ranked), n+len(s.touched))] {
		if s.similar[item] == 0 && s.repeat[item] == 0 {
			offer(item)
		}
	}
	return best
}

// before reports whether item a of score x comes before item b of score y.
func (s *scorer) before(x float64, a int32, y float64, b int32) bool {
	switch {
	case x != y:
		return x > y
	case s.m.Popular[a] != s.m.Popular[b]:
		return s.m.Popular[a] > s.m.Popular[b]
	}
	return a < b
}
