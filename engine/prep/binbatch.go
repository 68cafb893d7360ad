package prep

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"cvp/engine/frame"
)

// BinBatch is Bins bound to the columns of one frame. Feature may be called from several goroutines.
type BinBatch struct {
	features []boundFeature
}

type boundFeature struct {
	*feature
	from  *frame.Column // nil: every value is missing
	codes []uint8       // category: bin of each code
	keys  *cutKeys      // otherwise
}

// Bind finds the columns in x, by the same rules as Encoder.Bind.
func (b *Bins) Bind(x *frame.Frame) (*BinBatch, error) {
	out := &BinBatch{features: make([]boundFeature, len(b.features))}
	for i := range b.features {
		f := &b.features[i]
		from, err := find(x, f.Column, f.Kind)
		if err != nil {
			return nil, err
		}
		out.features[i] = boundFeature{feature: f, from: from}
		if f.Kind != frame.Category {
			out.features[i].keys = keysOf(f.Cuts)
		}
		if from != nil && f.Kind == frame.Category {
			out.features[i].codes = f.levelBins(from.Levels)
		}
	}
	return out, nil
}

func (f *feature) levelBins(levels []string) []uint8 {
	known := make(map[string]uint8, len(f.Levels))
	for i, level := range f.Levels {
		known[level] = f.LevelBins[i]
	}
	codes := make([]uint8, len(levels))
	for i, level := range levels {
		codes[i] = f.Rare
		if bin, ok := known[level]; ok {
			codes[i] = bin
		}
	}
	return codes
}

// Feature writes the bins of rows [from, to) of one feature into dst. It allocates nothing.
func (b *BinBatch) Feature(dst []uint8, feature, from, to int) error {
	f := &b.features[feature]
	dst = dst[:to-from]
	if f.from == nil {
		clear(dst)
		return nil
	}
	switch f.Kind {
	case frame.Category:
		for i, code := range f.from.Codes[from:to] {
			dst[i] = MissingBin
			if code != frame.NoCode {
				dst[i] = f.codes[code]
			}
		}
	case frame.Time:
		for i, t := range f.from.Times[from:to] {
			dst[i] = MissingBin
			if t != frame.NoTime {
				dst[i] = f.keys.bin(binnedPart(f.Part, t))
			}
		}
	default:
		for i, v := range f.from.Numbers[from:to] {
			if infinite(v) {
				return infiniteError(f.Column, from+i)
			}
			dst[i] = f.keys.bin(v)
		}
	}
	return nil
}

// MarshalJSON writes the bins.
func (b *Bins) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Features []feature `json:"features"`
	}{b.features})
}

// UnmarshalJSON reads what MarshalJSON wrote and checks it.
func (b *Bins) UnmarshalJSON(text []byte) error {
	var stored struct {
		Features []feature `json:"features"`
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("decode bins: %w", err)
	}
	if len(stored.Features) > maxWidth {
		return fmt.Errorf("decode bins: more than %d features", maxWidth)
	}
	for i := range stored.Features {
		if err := stored.Features[i].check(); err != nil {
			return fmt.Errorf("decode bins: column %q: %w", stored.Features[i].Column, err)
		}
	}
	b.features = stored.Features
	return nil
}

func (f *feature) check() error {
	switch f.Kind {
	case frame.Category:
		if f.Rare == MissingBin || len(f.Levels) != len(f.LevelBins) || slices.Contains(f.LevelBins, MissingBin) {
			return errors.New("levels and bins do not match")
		}
		if f.Rare > MaxBins-1 || slices.Max(append([]byte{0}, f.LevelBins...)) > MaxBins-1 {
			return errors.New("a bin out of range")
		}
		return nil
	case frame.Number:
		if f.Part != "" {
			return fmt.Errorf("unknown part %q", f.Part)
		}
	case frame.Time:
		if !slices.Contains(binnedParts, f.Part) {
			return fmt.Errorf("unknown part %q", f.Part)
		}
	default:
		return fmt.Errorf("unknown kind %d", f.Kind)
	}
	if len(f.Cuts) > MaxBins-2 {
		return errors.New("too many cuts")
	}
	for i, c := range f.Cuts {
		if math.IsNaN(c) || math.IsInf(c, 0) || i > 0 && c <= f.Cuts[i-1] {
			return errors.New("cuts that do not ascend")
		}
	}
	return nil
}
