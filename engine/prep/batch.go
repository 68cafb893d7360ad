package prep

import (
	"fmt"
	"math"

	"cvp/engine/frame"
)

// blockRows is how many rows are encoded at a time: 512 rows of 100 outputs stay in the second-level cache
// while column after column is written into them.
const blockRows = 512

// Batch is an Encoder bound to the columns of one frame. Rows may be called from several goroutines.
type Batch struct {
	encoder *Encoder
	columns []bound
}

// bound is a column of the encoder beside the frame's column of that name.
type bound struct {
	*column
	at    int           // first output
	from  *frame.Column // nil: every value is missing
	hot   []int32       // category: output of each code, -1 for none
	blank int32         // category: output of a missing value, -1 for none
}

// Bind finds the encoder's columns in x. A column that is absent counts as all missing, and so does one of
// another kind in which no value is present; one of another kind with values is an error.
func (e *Encoder) Bind(x *frame.Frame) (*Batch, error) {
	b := &Batch{encoder: e, columns: make([]bound, len(e.columns))}
	at := 0
	for i := range e.columns {
		c := &e.columns[i]
		from, err := find(x, c.Name, c.Kind)
		if err != nil {
			return nil, err
		}
		b.columns[i] = bound{column: c, at: at, from: from}
		if c.Kind == frame.Category {
			b.columns[i].bindLevels()
		}
		at += c.width()
	}
	return b, nil
}

// find gives the named column of x if it has a value of the kind, nil where every value is missing.
func find(x *frame.Frame, name string, kind frame.Kind) (*frame.Column, error) {
	c := x.Column(name)
	if c == nil || c.Kind == kind {
		return c, nil
	}
	if missingRows(c) < c.Len() {
		return nil, fmt.Errorf("column %q was a %s when the model was trained and is a %s now", name, kind, c.Kind)
	}
	return nil, nil
}

func (c *bound) bindLevels() {
	next := int32(len(c.Levels))
	rare := int32(-1)
	if c.Rare {
		rare, next = next, next+1
	}
	c.blank = -1
	if c.Missing {
		c.blank = next
	}
	if c.from == nil {
		return
	}
	place := make(map[string]int32, len(c.Levels))
	for i, level := range c.Levels {
		place[level] = int32(i)
	}
	c.hot = make([]int32, len(c.from.Levels))
	for code, level := range c.from.Levels {
		c.hot[code] = rare
		if at, ok := place[level]; ok {
			c.hot[code] = at
		}
	}
}

// Rows writes rows [from, to) of the frame into dst [(to-from) × Width] row-major. It allocates nothing.
func (b *Batch) Rows(dst []float32, from, to int) error {
	width := b.encoder.width
	for ; from < to; from += blockRows {
		end := min(from+blockRows, to)
		for i := range b.columns {
			if err := b.columns[i].write(dst, width, from, end); err != nil {
				return err
			}
		}
		dst = dst[(end-from)*width:]
	}
	return nil
}

// write fills the outputs of one column in rows [from, to); dst begins at row from.
func (c *bound) write(dst []float32, width, from, to int) error {
	if c.Kind == frame.Category {
		c.writeLevels(dst, width, from, to)
		return nil
	}
	for i := range c.Numbers {
		if err := c.writeNumber(&c.Numbers[i], dst[c.at+i:], width, from, to); err != nil {
			return err
		}
	}
	if c.Missing {
		c.writeMissing(dst[c.at+len(c.Numbers):], width, from, to)
	}
	return nil
}

func (c *bound) writeNumber(n *number, dst []float32, width, from, to int) error {
	imputed := n.output(n.Median)
	switch {
	case c.from == nil:
		for i := range to - from {
			dst[i*width] = imputed
		}
	case c.Kind == frame.Time:
		for i, t := range c.from.Times[from:to] {
			dst[i*width] = imputed
			if t != frame.NoTime {
				dst[i*width] = n.output(partOf(n.Part, t))
			}
		}
	default:
		for i, v := range c.from.Numbers[from:to] {
			switch {
			case v != v:
				dst[i*width] = imputed
			case math.Abs(float64(v)) > math.MaxFloat32:
				return infiniteError(c.Name, from+i)
			default:
				dst[i*width] = n.output(float64(v))
			}
		}
	}
	return nil
}

func (c *bound) writeMissing(dst []float32, width, from, to int) {
	for i := from; i < to; i++ {
		v := float32(0)
		if c.from == nil || c.from.Missing(i) {
			v = 1
		}
		dst[(i-from)*width] = v
	}
}

func (c *bound) writeLevels(dst []float32, width, from, to int) {
	outputs := c.width()
	for i := from; i < to; i++ {
		row := dst[(i-from)*width+c.at:][:outputs]
		clear(row)
		hot := c.blank
		if c.from != nil && c.from.Codes[i] != frame.NoCode {
			hot = c.hot[c.from.Codes[i]]
		}
		if hot >= 0 && int(hot) < outputs {
			row[hot] = 1
		}
	}
}
