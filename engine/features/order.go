package features

import (
	"cmp"
	"slices"

	"cvp/engine/frame"
)

// order finds the canonical order of event rows.
type order struct {
	f     *frame.Frame
	roles boundRoles
	rows  []int32                   // row numbers of f, in the order found so far
	ranks map[*frame.Column][]int32 // code → rank of its level by text
}

// newOrder starts with the usable rows of f sorted by time.
func newOrder(f *frame.Frame, b boundRoles) *order {
	o := &order{f: f, roles: b, ranks: make(map[*frame.Column][]int32)}
	for i := range f.Columns {
		if c := &f.Columns[i]; c.Kind == frame.Category {
			o.ranks[c] = levelRanks(c.Levels)
		}
	}
	o.rows = make([]int32, 0, f.Rows)
	for i, t := range b.time.Times {
		if t != frame.NoTime && b.entity.Codes[i] != frame.NoCode {
			o.rows = append(o.rows, int32(i))
		}
	}
	o.rows = sortByTime(o.rows, b.time.Times)
	return o
}

// levelRanks gives for each code the rank of its level in ascending order of text.
func levelRanks(levels []string) []int32 {
	by := make([]int32, len(levels))
	for i := range by {
		by[i] = int32(i)
	}
	if !slices.IsSorted(levels) {
		slices.SortFunc(by, func(a, b int32) int { return cmp.Compare(levels[a], levels[b]) })
	}
	rank := make([]int32, len(levels))
	for r, code := range by {
		rank[code] = int32(r)
	}
	return rank
}

const (
	digitBits = 11 // 2048 counters stay in the first-level cache; five passes order ten years of microseconds
	digits    = 1 << digitBits
)

// sortByTime returns rows sorted stably by times[row]: a radix sort, least digit first.
func sortByTime(rows []int32, times []int64) []int32 {
	if len(rows) == 0 {
		return rows
	}
	least, most := times[rows[0]], times[rows[0]]
	for _, r := range rows {
		least, most = min(least, times[r]), max(most, times[r])
	}
	other := make([]int32, len(rows))
	// Unsigned differences hold even where the signed one would overflow.
	for shift := 0; shift < 64 && (uint64(most)-uint64(least))>>shift > 0; shift += digitBits {
		var next [digits]int32
		for _, r := range rows {
			next[(uint64(times[r])-uint64(least))>>shift%digits]++
		}
		runningStarts(next[:])
		for _, r := range rows {
			d := (uint64(times[r]) - uint64(least)) >> shift % digits
			other[next[d]] = r
			next[d]++
		}
		rows, other = other, rows
	}
	return rows
}

// runningStarts turns counts into the start of each bucket.
func runningStarts(counts []int32) {
	var sum int32
	for i, n := range counts {
		counts[i] = sum
		sum += n
	}
}

// byEntity sorts the rows stably by entity key and gives the keys that occur with the start of each.
func (o *order) byEntity() (keys []string, start []int) {
	rank, codes := o.ranks[o.roles.entity], o.roles.entity.Codes
	counts := make([]int32, len(rank)+1)
	for _, r := range o.rows {
		counts[rank[codes[r]]]++
	}
	levels := make([]string, len(rank))
	for code, k := range rank {
		levels[k] = o.roles.entity.Levels[code]
	}
	start = []int{0}
	for k, n := range counts[:len(rank)] {
		if n > 0 {
			keys = append(keys, levels[k])
			start = append(start, start[len(start)-1]+int(n))
		}
	}
	runningStarts(counts)
	sorted := make([]int32, len(o.rows))
	for _, r := range o.rows {
		k := rank[codes[r]]
		sorted[counts[k]] = r
		counts[k]++
	}
	o.rows = sorted
	return keys, start
}

// settleTies orders rows of one entity and instant by group, numbers and categories, so that the order of arrival
// does not show.
func (o *order) settleTies() {
	times, codes := o.roles.time.Times, o.roles.entity.Codes
	compare := o.contents()
	for i := 0; i < len(o.rows); {
		j := i + 1
		for j < len(o.rows) && times[o.rows[j]] == times[o.rows[i]] && codes[o.rows[j]] == codes[o.rows[i]] {
			j++
		}
		if j-i > 1 {
			slices.SortFunc(o.rows[i:j], compare)
		}
		i = j
	}
}

// contents compares two rows by all their values; rows it finds equal are the same but for columns no feature reads.
func (o *order) contents() func(a, b int32) int {
	var numbers [][]float32
	var codes, ranks [][]int32
	if g := o.roles.group; g != nil {
		codes, ranks = append(codes, g.Codes), append(ranks, o.ranks[g])
	}
	for i := range o.f.Columns {
		switch c := &o.f.Columns[i]; {
		case c.Kind == frame.Number:
			numbers = append(numbers, c.Numbers)
		case c.Kind == frame.Category && c != o.roles.group && c != o.roles.entity:
			codes, ranks = append(codes, c.Codes), append(ranks, o.ranks[c])
		}
	}
	rankOf := func(k int, row int32) int32 {
		if code := codes[k][row]; code != frame.NoCode {
			return ranks[k][code]
		}
		return frame.NoCode
	}
	return func(a, b int32) int {
		for k := range codes {
			if c := cmp.Compare(rankOf(k, a), rankOf(k, b)); c != 0 {
				return c
			}
		}
		for _, n := range numbers {
			if c := cmp.Compare(n[a], n[b]); c != 0 {
				return c
			}
		}
		return 0
	}
}
