package prep

import (
	"math"

	"cvp/engine/frame"
)

// missingValue marks what is missing among Values.
var missingValue = float32(math.NaN())

// Kind is the kind of a feature's column.
func (b *Bins) Kind(feature int) frame.Kind { return b.features[feature].Kind }

// Cut is the greatest value of a bin of numbers or of a part of a time, in the precision in which Values gives
// them: what is at most Cut lies in that bin or before it. In the last bin nothing is too great.
func (b *Bins) Cut(feature int, bin uint8) float32 {
	cuts := b.features[feature].Cuts
	if int(bin) > len(cuts) {
		return math.MaxFloat32
	}
	return below(cuts[bin-1])
}

// Trim gives bins of the used features alone, which know the levels of categories and no cuts: their Values are the
// same. place[f] is the new number of feature f, -1 where it is gone.
func (b *Bins) Trim(used []bool) (kept *Bins, place []int) {
	kept, place = &Bins{}, make([]int, len(b.features))
	for i, f := range b.features {
		place[i] = -1
		if used[i] {
			f.Cuts = nil
			place[i] = len(kept.features)
			kept.features = append(kept.features, f)
		}
	}
	return kept, place
}

// Values writes what a feature's bins are made of, for rows [from, to): numbers and parts of times as they are,
// of a category the bin; NaN where it is missing. It allocates nothing.
func (b *BinBatch) Values(dst []float32, feature, from, to int) error {
	f := &b.features[feature]
	dst = dst[:to-from]
	switch {
	case f.from == nil:
		for i := range dst {
			dst[i] = missingValue
		}
	case f.Kind == frame.Category:
		for i, code := range f.from.Codes[from:to] {
			dst[i] = missingValue
			if code != frame.NoCode {
				dst[i] = float32(f.codes[code])
			}
		}
	case f.Kind == frame.Time:
		for i, t := range f.from.Times[from:to] {
			dst[i] = missingValue
			if t != frame.NoTime {
				dst[i] = binnedPart(f.Part, t)
			}
		}
	default:
		for i, v := range f.from.Numbers[from:to] {
			if infinite(v) {
				return infiniteError(f.Column, from+i)
			}
			dst[i] = v
		}
	}
	return nil
}

// binnedPart is a part of a time in the precision of a number column, so that a value lies on the same side of a
// cut whether it was binned or not.
func binnedPart(part string, micros int64) float32 { return float32(partOf(part, micros)) }

// rounded brings values to that precision.
func rounded(v []float64) []float64 {
	for i := range v {
		v[i] = float64(float32(v[i]))
	}
	return v
}
