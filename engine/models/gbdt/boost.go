package gbdt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// booster is a fit under way.
type booster struct {
	options  options
	settings model.Settings
	loss     loss
	unit     float64 // what labels are divided by
	within   bounds  // the least and the greatest label
	bins     *prep.Bins
	train    *part
	valid    *part // nil: none
	grower   *grower
	sampler  *sampler
	base     float64
	trees    [][]node
	g, h     []float32
	peaks    [][2]float32 // greatest absolute gradient and second derivative of each chunk
	began    time.Time
}

// part is binned rows with their labels and their scores so far.
type part struct {
	matrix  *matrix
	y       []float32
	weights []float32 // nil: equal
	scores  []float64
}

// fit boosts trees until the validation loss stops falling.
func fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (*Model, error) {
	b := &booster{settings: s, options: newOptions(s, train.X.Rows), began: time.Now()}
	if err := b.prepare(ctx, train, valid); err != nil {
		return nil, err
	}
	rounds := b.options.trees
	if b.valid == nil && b.options.rounds > 0 {
		rounds = b.options.rounds
	}
	best, least := 0, math.Inf(1)
	if b.valid != nil {
		least = b.valid.cost(&b.loss, s.Threads)
	}
	for round := range rounds {
		grown, err := b.round(ctx, round)
		if err != nil {
			return nil, err
		}
		if !grown {
			break
		}
		cost := math.NaN()
		if b.valid != nil {
			cost = b.valid.cost(&b.loss, s.Threads)
		}
		b.tell(round+1, rounds, cost)
		if cost < least {
			best, least = len(b.trees), cost
		}
		if b.valid != nil && len(b.trees)-best >= b.options.patience {
			break
		}
	}
	if b.valid != nil {
		b.trees = b.trees[:max(best, min(1, len(b.trees)))]
	}
	return b.model(), ctx.Err()
}

// prepare bins the rows and sets the scores to the best constant.
func (b *booster) prepare(ctx context.Context, train, valid *model.Examples) error {
	var err error
	if b.loss, err = b.chooseLoss(train.Y); err != nil {
		return err
	}
	if b.bins, err = prep.FitBins(train.X, train.Y, train.Weights); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if b.options.shape.monotone, err = directions(b.options.monotone, b.bins); err != nil {
		return err
	}
	rows := weighty(train)
	if len(rows) == 0 {
		return errors.New("no row has a weight above 0")
	}
	b.measure(train)
	if b.train, err = b.newPart(ctx, train); err != nil {
		return err
	}
	if valid != nil && valid.X.Rows > 0 {
		if b.valid, err = b.newPart(ctx, valid); err != nil {
			return err
		}
	}
	counts := make([]int, b.bins.Width())
	for f := range counts {
		counts[f] = b.bins.Count(f)
	}
	c := newCounter(b.train.matrix, counts, b.settings.Threads)
	b.grower = newGrower(c, b.bins, b.options.shape, len(rows))
	b.sampler = &sampler{seed: b.settings.Seed, threads: b.settings.Threads, rows: rows, share: b.options.rowShare}
	b.g = make([]float32, train.X.Rows)
	b.peaks = make([][2]float32, (train.X.Rows+rowChunk-1)/rowChunk)
	if !b.loss.unit() {
		b.h = make([]float32, train.X.Rows)
	} else if train.Weights != nil {
		b.h = train.Weights
	}
	return nil
}

// chooseLoss resolves the loss and checks the labels against it.
func (b *booster) chooseLoss(y []float32) (loss, error) {
	name := b.options.loss
	if name == lossAuto {
		name = suitable(b.settings.Task, y)
	}
	l, ok := lossOf(name, b.options.quantile, b.options.power)
	if !ok {
		return loss{}, fmt.Errorf("unknown loss %q", name)
	}
	if l.positive {
		for i, v := range y {
			if v < 0 {
				return loss{}, fmt.Errorf("loss %q needs labels of at least 0, row %d has %g", name, i+1, v)
			}
		}
	}
	return l, nil
}

// weighty lists the rows with a weight above 0.
func weighty(e *model.Examples) []int32 {
	rows := make([]int32, 0, e.X.Rows)
	for i := range e.X.Rows {
		if e.Weights == nil || e.Weights[i] > 0 {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// measure takes the unit of the labels, their mean where the link is a logarithm, so that penalties mean the same on
// any currency, their bounds, and the best constant score.
func (b *booster) measure(e *model.Examples) {
	var sum, total float64
	b.within = bounds{math.Inf(1), math.Inf(-1)}
	for _, i := range weighty(e) {
		y, w := float64(e.Y[i]), 1.0
		if e.Weights != nil {
			w = float64(e.Weights[i])
		}
		sum += w * y
		total += w
		b.within = bounds{min(b.within.low, y), max(b.within.high, y)}
	}
	mean := sum / total
	b.unit = 1
	if b.loss.logLink && mean > 0 {
		b.unit = mean
	}
	b.base = b.loss.start(mean / b.unit)
	if b.loss.quantile > 0 {
		b.base = quantileOf(residuals(e.Y, nil, weighty(e)), weightsOf(e.Weights, weighty(e)), b.loss.quantile)
	}
}

func (b *booster) newPart(ctx context.Context, e *model.Examples) (*part, error) {
	m, err := newMatrix(ctx, b.bins, e.X, b.settings.Threads)
	if err != nil {
		return nil, err
	}
	p := &part{matrix: m, y: e.Y, weights: e.Weights, scores: make([]float64, e.X.Rows)}
	for i := range p.scores {
		p.scores[i] = b.base
	}
	if b.unit != 1 {
		p.y = make([]float32, len(e.Y))
		for i, y := range e.Y {
			p.y[i] = float32(float64(y) / b.unit)
		}
	}
	return p, nil
}

// cost is the mean cost of the rows.
func (p *part) cost(l *loss, threads int) float64 {
	type sum struct{ cost, weight float64 }
	sums := make([]sum, (len(p.y)+rowChunk-1)/rowChunk)
	chunked(threads, len(p.y), func(chunk, from, to int) {
		var s sum
		for i := from; i < to; i++ {
			w := 1.0
			if p.weights != nil {
				w = float64(p.weights[i])
			}
			s.cost += w * l.cost(p.scores[i], float64(p.y[i]))
			s.weight += w
		}
		sums[chunk] = s
	})
	var all sum
	for _, s := range sums {
		all.cost += s.cost
		all.weight += s.weight
	}
	return all.cost / all.weight
}

// round adds a tree; false where nothing can be split any more.
func (b *booster) round(ctx context.Context, round int) (bool, error) {
	if b.bins.Width() == 0 {
		return false, ctx.Err()
	}
	b.pack(round)
	out, err := b.grow(ctx, round)
	if err != nil {
		return false, err
	}
	if len(b.grower.leaves) < 2 {
		// Other columns may do better in the next round, unless all were there.
		if b.options.columnShare >= 1 && b.options.rowShare >= 1 {
			return false, nil
		}
	}
	b.settleLeaves()
	asked := b.grower.steps()
	b.advance(asked, out)
	if b.valid != nil {
		b.valid.advance(asked, b.settings.Threads)
	}
	b.trees = append(b.trees, b.grower.tree())
	return true, nil
}

// grow grows a tree over rows and features drawn for it; out are the other rows.
func (b *booster) grow(ctx context.Context, round int) (out []int32, err error) {
	b.grower.rng = rand.New(rand.NewPCG(b.settings.Seed, uint64(round)))
	b.grower.want(drawFeatures(b.bins.Width(), b.options.features(b.bins.Width()), b.grower.rng))
	in, out := b.sampler.draw(round - round%b.options.rowEvery)
	return out, b.grower.grow(ctx, in)
}

// pack computes the gradients and packs them.
func (b *booster) pack(round int) {
	p, n := b.train, len(b.train.y)
	chunked(b.settings.Threads, n, func(chunk, from, to int) {
		var h []float32
		if !b.loss.unit() {
			h = b.h[from:to]
		}
		b.loss.slopes(b.g[from:to], h, p.scores[from:to], p.y[from:to])
		if p.weights != nil {
			weigh(b.g[from:to], h, p.weights[from:to])
		}
		b.peaks[chunk] = [2]float32{peak(b.g[from:to]), peak(b.hessians(from, to))}
	})
	var top [2]float32
	for _, p := range b.peaks {
		top[0], top[1] = max(top[0], p[0]), max(top[1], p[1])
	}
	packing := newPacking(b.h == nil, top[0], top[1])
	salt := mix(b.settings.Seed + uint64(round)*0x2545f4914f6cdd1d)
	chunked(b.settings.Threads, n, func(_, from, to int) {
		packing.pack(b.grower.packed, b.g, b.h, from, to, salt)
	})
	b.grower.packing = packing
}

func (b *booster) hessians(from, to int) []float32 {
	if b.h == nil {
		return nil
	}
	return b.h[from:to]
}

func weigh(g, h, weights []float32) {
	for i, w := range weights {
		g[i] *= w
	}
	for i := range h {
		h[i] *= weights[i]
	}
}

// peak is the greatest absolute value. Without their sign floats are ordered as their bits are.
func peak(v []float32) float32 {
	var top uint32
	for _, x := range v {
		top = max(top, math.Float32bits(x)&^(1<<31))
	}
	return math.Float32frombits(top)
}

// tell reports a round, of many only every tenth and the last.
func (b *booster) tell(done, of int, cost float64) {
	if b.settings.Progress != nil && (of <= 50 || done%10 == 0 || done == of) {
		b.settings.Progress(model.Step{Done: done, Of: of, Train: math.NaN(), Validate: cost, Elapsed: time.Since(b.began)})
	}
}
