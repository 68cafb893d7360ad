package prep

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"cvp/engine/frame"
)

// maxWidth bounds what a stored encoder may claim, so that damaged bytes cannot make a model ask for more
// memory than there is.
const maxWidth = 1 << 20

// MarshalJSON writes what the encoder learned.
func (e *Encoder) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Columns []column `json:"columns"`
	}{e.columns})
}

// UnmarshalJSON reads what MarshalJSON wrote and checks it.
func (e *Encoder) UnmarshalJSON(b []byte) error {
	var stored struct {
		Columns []column `json:"columns"`
	}
	if err := json.Unmarshal(b, &stored); err != nil {
		return fmt.Errorf("decode encoder: %w", err)
	}
	width, seen := 0, map[string]bool{}
	for i := range stored.Columns {
		c := &stored.Columns[i]
		if err := c.check(); err != nil {
			return fmt.Errorf("decode encoder: column %q: %w", c.Name, err)
		}
		if seen[c.Name] {
			return fmt.Errorf("decode encoder: column %q is there twice", c.Name)
		}
		seen[c.Name] = true
		if width += c.width(); width > maxWidth {
			return fmt.Errorf("decode encoder: more than %d outputs", maxWidth)
		}
	}
	e.columns, e.width = stored.Columns, width
	return nil
}

func (c *column) check() error {
	switch c.Kind {
	case frame.Category:
		if len(c.Numbers) > 0 {
			return errors.New("a category with numbers")
		}
		return nil
	case frame.Number, frame.Time:
		if len(c.Levels) > 0 || c.Rare {
			return errors.New("levels in a column that is no category")
		}
	default:
		return fmt.Errorf("unknown kind %d", c.Kind)
	}
	for _, n := range c.Numbers {
		if !slices.Contains(partsOf(c.Kind), n.Part) {
			return fmt.Errorf("unknown part %q", n.Part)
		}
		for _, v := range []float64{n.Median, n.Low, n.High, n.Mean, n.Scale} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return errors.New("a statistic that is not finite")
			}
		}
		if n.Low > n.High {
			return errors.New("bounds in the wrong order")
		}
	}
	return nil
}
