package prep

import (
	"context"
	"fmt"
	"slices"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
)

// MaxBins is the greatest number of bins of one feature, the one of missing values included: a bin is a byte.
const MaxBins = 255

// binSampleRows is how many rows cuts are learned from: some eighty per bin.
const binSampleRows = 20_000

// MissingBin holds the missing values of every feature.
const MissingBin = 0

// Bins puts the values of each column into ordered bins, for trees. Numbers and parts of times are cut where
// the training rows are dense. Levels of a category are ordered by the mean label of their training rows, so
// that one cut of that order is the best of all ways to part them in two (Breiman et al., Classification and
// Regression Trees, 1984). It is immutable and safe for concurrent use.
type Bins struct {
	features []feature
}

// feature is one column, or one part of a time, in bins.
type feature struct {
	Column string     `json:"column"`
	Kind   frame.Kind `json:"kind"`
	Part   string     `json:"part,omitempty"`
	// Cuts are ascending; bin k+1 holds what is above cut k-1 and at most cut k.
	Cuts []float64 `json:"cuts,omitempty"`
	// Levels lie in the bins of the same index; any other level lies in bin Rare.
	Levels    []string `json:"levels,omitempty"`
	LevelBins []byte   `json:"level_bins,omitempty"`
	Rare      byte     `json:"rare,omitempty"`
}

// bins is one more than the greatest bin.
func (f *feature) bins() int {
	if f.Kind != frame.Category {
		return len(f.Cuts) + 2
	}
	top := f.Rare
	for _, b := range f.LevelBins {
		top = max(top, b)
	}
	return int(top) + 1
}

// FitBins learns bins from training rows; labels order the levels. Features with one bin only are left out.
// An infinite number is an error that names its column.
func FitBins(x *frame.Frame, y, weights []float32) (*Bins, error) {
	rows := sample(x.Rows, binSampleRows)
	found, errs := make([][]feature, len(x.Columns)), make([]error, len(x.Columns))
	chunks.Do(0, len(x.Columns), func(i int) {
		c := &x.Columns[i]
		switch c.Kind {
		case frame.Category:
			found[i] = []feature{fitLevelBins(c, y, weights)}
		case frame.Time:
			for _, part := range binnedParts {
				found[i] = append(found[i], feature{Column: c.Name, Kind: c.Kind, Part: part, Cuts: cuts(rounded(values(c, part, rows)))})
			}
		default:
			errs[i] = rejectInfinite(c)
			found[i] = []feature{{Column: c.Name, Kind: c.Kind, Cuts: cuts(values(c, "", rows))}}
		}
		if missingRows(c) == 0 {
			found[i] = slices.DeleteFunc(found[i], func(f feature) bool { return f.bins() <= 2 })
		}
	})
	b := &Bins{}
	for i := range found {
		if errs[i] != nil {
			return nil, errs[i]
		}
		b.features = append(b.features, found[i]...)
	}
	return b, nil
}

// cuts parts sorted values into at most MaxBins-1 bins of about the same number of rows, cutting half-way
// between neighbours; equal values stay together.
func cuts(v []float64) []float64 {
	var out []float64
	const most = MaxBins - 1
	distinct := 0
	for i := range v {
		if i == 0 || v[i] != v[i-1] {
			distinct++
		}
	}
	size := 0
	if distinct > most {
		size = len(v) / most
	}
	for i, from := 1, 0; i < len(v) && len(out) < most-1; i++ {
		if v[i] != v[i-1] && i-from >= size {
			out = append(out, halfway(v[i-1], v[i]))
			from = i
			if distinct > most { // what is left over for each bin that is left
				size = (len(v) - i) / (most - len(out))
			}
		}
	}
	return out
}

// halfway lies between a < b, or is a where nothing does. Halves are taken first: the sum of two huge values
// would overflow.
func halfway(a, b float64) float64 {
	if m := a/2 + b/2; m > a && m < b {
		return m
	}
	return a
}

// fitLevelBins orders the levels of at least ten rows or a thousandth by their mean label; the others share a
// bin at their common mean.
func fitLevelBins(c *frame.Column, y, weights []float32) feature {
	stats := make([]levelStats, len(c.Levels)+1) // the last one is of all rare levels
	for i, code := range c.Codes {
		if code == frame.NoCode {
			continue
		}
		w := float32(1)
		if weights != nil {
			w = weights[i]
		}
		stats[code].add(1, float64(w), float64(w*y[i]))
	}
	rare := &stats[len(c.Levels)]
	least := max(10, len(c.Codes)/1000)
	var total levelStats
	var order []int
	for code, s := range stats[:len(c.Levels)] {
		total.add(s.rows, s.weight, s.sum)
		if s.rows >= least {
			order = append(order, code)
		} else {
			rare.add(s.rows, s.weight, s.sum)
		}
	}
	order = append(order, len(c.Levels))
	prior := total.mean(0, 0)
	slices.SortStableFunc(order, func(a, b int) int {
		switch ma, mb := stats[a].mean(levelPrior, prior), stats[b].mean(levelPrior, prior); {
		case ma < mb:
			return -1
		case ma > mb:
			return 1
		}
		return 0
	})
	return binLevels(c, order, stats)
}

// binLevels numbers the ordered levels from 1. Where they are more than the bins, neighbours share one.
func binLevels(c *frame.Column, order []int, stats []levelStats) feature {
	f := feature{Column: c.Name, Kind: c.Kind}
	size := chunks.Count(len(order), MaxBins-1)
	for i, code := range order {
		bin := byte(i/size + 1)
		if code == len(c.Levels) {
			f.Rare = bin
			continue
		}
		f.Levels = append(f.Levels, c.Levels[code])
		f.LevelBins = append(f.LevelBins, bin)
	}
	if len(f.Levels) == 1 && stats[len(c.Levels)].rows == 0 { // one level in every row
		f.Levels, f.LevelBins, f.Rare = nil, nil, 1
	}
	return f
}

// levelPrior is how many rows of the common mean each level's mean starts from.
const levelPrior = 20

type levelStats struct {
	rows        int
	weight, sum float64
}

func (s *levelStats) add(rows int, weight, sum float64) {
	s.rows += rows
	s.weight += weight
	s.sum += sum
}

// mean is the mean label with count rows of the prior added.
func (s *levelStats) mean(count, prior float64) float64 {
	if s.weight+count == 0 {
		return prior
	}
	return (s.sum + count*prior) / (s.weight + count)
}

// Width is the number of features.
func (b *Bins) Width() int { return len(b.features) }

// Count is the number of bins of a feature, the missing one included.
func (b *Bins) Count(feature int) int { return b.features[feature].bins() }

// Names says what each feature is, e.g. "amount", "joined weekday".
func (b *Bins) Names() []string {
	names := make([]string, len(b.features))
	for i, f := range b.features {
		names[i] = partName(f.Column, f.Part)
	}
	return names
}

// Sources gives for each feature the name of its column.
func (b *Bins) Sources() []string {
	names := make([]string, len(b.features))
	for i, f := range b.features {
		names[i] = f.Column
	}
	return names
}

// Keep gives bins that know only the cuts in use: splits[f] are the bins after which feature f is cut,
// ascending. Features without any are gone; the cut after splits[f][i] is after bin i+1 of the feature that
// place[f] says.
func (b *Bins) Keep(splits [][]uint8) (kept *Bins, place []int) {
	kept, place = &Bins{}, make([]int, len(b.features))
	for i, f := range b.features {
		place[i] = -1
		if len(splits[i]) == 0 {
			continue
		}
		place[i] = len(kept.features)
		merged := func(bin byte) byte {
			at, _ := slices.BinarySearch(splits[i], bin)
			return byte(at + 1)
		}
		var of []float64
		for _, s := range splits[i] {
			// A cut after the last bin parts present from missing and needs no number.
			if int(s) <= len(f.Cuts) {
				of = append(of, f.Cuts[s-1])
			}
		}
		f.Cuts = of
		if f.Kind == frame.Category {
			f.LevelBins, f.Rare = slices.Clone(f.LevelBins), merged(f.Rare)
			for j, bin := range f.LevelBins {
				f.LevelBins[j] = merged(bin)
			}
		}
		kept.features = append(kept.features, f)
	}
	return kept, place
}

// Transform gives the bin of every row for each feature, feature by feature, on all processors.
func (b *Bins) Transform(ctx context.Context, x *frame.Frame) ([][]uint8, error) {
	batch, err := b.Bind(x)
	if err != nil {
		return nil, err
	}
	out, errs := make([][]uint8, len(b.features)), make([]error, len(b.features))
	err = chunks.DoContext(ctx, 0, len(out), func(i int) {
		out[i] = make([]uint8, x.Rows)
		errs[i] = batch.Feature(out[i], i, 0, x.Rows)
	})
	if err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("bin rows: %w", err)
		}
	}
	return out, nil
}
