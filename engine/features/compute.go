package features

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
)

// compute is Compute of events that are all known.
func (s *Spec) compute(ctx context.Context, t *Tables, points []Point) (*frame.Frame, error) {
	for _, p := range points {
		if p.Entity < 0 || int(p.Entity) >= t.Events.Entities() {
			return nil, fmt.Errorf("compute features: no entity %d among %d", p.Entity, t.Events.Entities())
		}
	}
	bound, err := s.bind(t)
	if err != nil {
		return nil, fmt.Errorf("compute features: %w", err)
	}
	l := s.laidOut()
	out := newFrame(l.features, len(points))
	j := job{spec: s, layout: l, streams: bound, columns: out.Columns[:len(out.Columns)-len(s.Attributes)], points: points}
	if err := j.fill(ctx); err != nil {
		return nil, fmt.Errorf("compute features: %w", err)
	}
	for i, a := range s.Attributes {
		a.fill(&out.Columns[len(j.columns)+i], t.Attributes, t.Events.Keys, points)
	}
	return out, nil
}

func newFrame(features []Feature, rows int) *frame.Frame {
	f := &frame.Frame{Rows: rows, Columns: make([]frame.Column, len(features))}
	for i, ft := range features {
		c := frame.Column{Name: ft.Name, Kind: ft.Kind}
		if ft.Kind == frame.Category {
			c.Codes, c.Levels = make([]int32, rows), ft.levels
		} else {
			c.Numbers = make([]float32, rows)
		}
		f.Columns[i] = c
	}
	return f
}

// batchEvents is about how many events a worker takes at a time: enough to make the hand-over free, few enough to
// end together and to notice a cancel within milliseconds.
const batchEvents = 50_000

// job is one run of Compute; workers share it.
type job struct {
	spec    *Spec
	layout  *layout
	streams []*binding
	columns []frame.Column // to fill
	points  []Point
}

// fill computes all points into the columns. Workers take batches of whole entities.
func (j *job) fill(ctx context.Context) error {
	batches := j.batches(byEntityAndCutoff(j.points))
	threads := j.spec.Threads
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	workers := min(threads, len(batches))
	return chunks.DoContext(ctx, workers, workers, func(int) {
		w := newWorker(j)
		for n := next.Add(1) - 1; n < int64(len(batches)) && ctx.Err() == nil; n = next.Add(1) - 1 {
			w.run(ctx, batches[n])
		}
	})
}

// byEntityAndCutoff gives the indices of the points in order of entity, then cutoff.
func byEntityAndCutoff(points []Point) []int32 {
	order := make([]int32, len(points))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		p, q := points[a], points[b]
		return cmp.Or(cmp.Compare(p.Entity, q.Entity), cmp.Compare(p.Cutoff, q.Cutoff), cmp.Compare(a, b))
	})
	return order
}

// batches cuts the ordered points at entity boundaries into runs of about batchEvents events.
func (j *job) batches(order []int32) [][]int32 {
	var out [][]int32
	from, events := 0, 0
	for i, at := range order {
		e := j.points[at].Entity
		if i == 0 || j.points[order[i-1]].Entity != e {
			if events >= batchEvents {
				out, from, events = append(out, order[from:i]), i, 0
			}
			events += 100 // a point costs something even without events
			for _, b := range j.streams {
				events += b.ev.Start[e+1] - b.ev.Start[e]
			}
		}
	}
	return append(out, order[from:])
}

// worker computes points one entity at a time with scratch memory of its own.
type worker struct {
	*job
	lanes []lane // one per stream
	row   []float32
}

// lane walks one stream.
type lane struct {
	trace  *trace
	blocks []block
	widths []int
}

func newWorker(j *job) *worker {
	w := &worker{job: j, row: make([]float32, len(j.columns))}
	for i, b := range j.streams {
		l := lane{trace: newTrace(b), blocks: b.blocks(), widths: j.layout.widths[i]}
		l.trace.main = l.trace
		if len(w.lanes) > 0 {
			l.trace.main = w.lanes[0].trace
		}
		w.lanes = append(w.lanes, l)
	}
	return w
}

// run computes the points of a batch, which is ordered by entity and cutoff.
func (w *worker) run(ctx context.Context, batch []int32) {
	for i := 0; i < len(batch) && ctx.Err() == nil; {
		entity := w.points[batch[i]].Entity
		j := i
		for j < len(batch) && w.points[batch[j]].Entity == entity {
			j++
		}
		for _, l := range w.lanes {
			l.trace.begin(entity, w.points[batch[j-1]].Cutoff)
			for _, bl := range l.blocks {
				bl.begin(l.trace)
			}
		}
		for ; i < j; i++ {
			w.point(int(batch[i]))
		}
	}
}

// point computes one point into its row.
func (w *worker) point(row int) {
	at := 0
	for _, l := range w.lanes {
		l.trace.advance(w.points[row].Cutoff)
		for k, bl := range l.blocks {
			bl.write(w.row[at:at+l.widths[k]], l.trace)
			at += l.widths[k]
		}
	}
	for c, v := range w.row {
		if codes := w.columns[c].Codes; codes != nil {
			codes[row] = int32(v)
			continue
		}
		w.columns[c].Numbers[row] = v
	}
}
