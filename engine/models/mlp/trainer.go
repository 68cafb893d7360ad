package mlp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"cvp/engine/model"
)

// rows are encoded examples: inputs [n×width], targets and weights of mean 1.
type rows struct {
	n, width int
	x        []float32
	targets  []float32
	weights  []float32 // nil: equal
}

// trainer runs the epochs of one fit.
type trainer struct {
	options
	loss     loss
	net      network
	rng      *rand.Rand
	threads  int
	progress func(model.Step)

	train, valid *rows // valid may be nil
	graph        *graph
	adam         *adam
	order        []int32

	best       network
	bestLoss   float64
	bestEpochs int
}

// errDiverged says that a step led out of the numbers.
var errDiverged = errors.New("training diverged")

// run trains the network in place and returns how many epochs its weights have seen.
func (t *trainer) run(ctx context.Context) (epochs int, err error) {
	batch := min(t.batchSize, t.train.n)
	if t.graph, err = newGraph(t.net, t.loss, batch, t.dropout > 0, t.threads); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, t.graph.close()) }()
	t.adam = newAdam(t.options, t.graph.params, t.threads)
	t.order = make([]int32, t.train.n)
	for i := range t.order {
		t.order[i] = int32(i)
	}
	t.bestLoss = math.Inf(1)
	return t.fit(ctx)
}

func (t *trainer) fit(ctx context.Context) (int, error) {
	of, begin := t.epochs, time.Now()
	if t.valid == nil && t.rounds > 0 {
		of = t.rounds
	}
	for done := 1; done <= of; done++ {
		trained, err := t.epoch(ctx)
		if err == nil {
			err = t.check(trained)
		}
		validated := math.NaN()
		if err == nil && t.valid != nil {
			validated, err = t.validate(ctx, done)
		}
		if errors.Is(err, errDiverged) && t.best != nil {
			break
		}
		if err != nil {
			return 0, t.explain(err, done)
		}
		if t.progress != nil {
			t.progress(model.Step{Done: done, Of: of, Train: trained, Validate: validated, Elapsed: time.Since(begin)})
		}
		if t.valid != nil && done-t.bestEpochs >= t.patience {
			break
		}
	}
	if t.valid == nil {
		return of, nil
	}
	t.net.copyFrom(t.best)
	return t.bestEpochs, nil
}

func (t *trainer) explain(err error, epoch int) error {
	if errors.Is(err, errDiverged) {
		return fmt.Errorf("train mlp: %w in epoch %d: lower learning_rate (it is %g)", err, epoch, t.learningRate)
	}
	return fmt.Errorf("train mlp: %w", err)
}

// check is errDiverged where the epoch's loss or a weight is no number.
func (t *trainer) check(loss float64) error {
	if math.IsNaN(loss) || math.IsInf(loss, 0) || !t.net.finite() {
		return errDiverged
	}
	return nil
}

// epoch passes once over the training rows in a new order and gives the mean loss.
func (t *trainer) epoch(ctx context.Context) (float64, error) {
	t.rng.Shuffle(len(t.order), func(i, j int) { t.order[i], t.order[j] = t.order[j], t.order[i] })
	var sum float64
	for from := 0; from < len(t.order); from += t.graph.rows {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		taken := t.order[from:min(from+t.graph.rows, len(t.order))]
		t.fill(taken)
		loss, err := t.graph.run()
		if err != nil {
			return 0, err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return 0, errDiverged
		}
		sum += loss * float64(len(taken))
		t.adam.step(t.graph.params, t.graph.dst)
	}
	return sum / float64(len(t.order)), nil
}

// fill puts the taken rows into the graph's inputs. Rows short of a batch weigh nothing; the others' weights
// make the cost a mean over them.
func (t *trainer) fill(taken []int32) {
	g, width := t.graph, t.train.width
	each := 1 / float32(len(taken))
	for i, row := range taken {
		from := int(row) * width
		copy(g.x[i*width:(i+1)*width], t.train.x[from:from+width])
		g.targets[i] = t.train.targets[row]
		g.weights[i] = each
		if t.train.weights != nil {
			g.weights[i] *= t.train.weights[row]
		}
	}
	clear(g.weights[len(taken):])
	for i := range g.masks {
		drawMask(g.masks[i], t.dropout, t.rng)
	}
}

// drawMask sets each value to 0 with probability dropout, else to 1/(1−dropout). It takes 16 bits of the
// generator per value: a mask is as cheap as that, and dropout is exact to 1/65,536.
func drawMask(mask []float32, dropout float64, rng *rand.Rand) {
	limit := uint64(math.Round(dropout * 65536))
	keep := float32(1 / (1 - dropout))
	var bits uint64
	for i := range mask {
		if i%4 == 0 {
			bits = rng.Uint64()
		}
		v := keep
		if bits&0xffff < limit {
			v = 0
		}
		mask[i] = v
		bits >>= 16
	}
}

// validate gives the loss on the validation rows and keeps the weights where it is the best so far.
func (t *trainer) validate(ctx context.Context, done int) (float64, error) {
	z := make([]float32, t.valid.n)
	if err := t.net.scores(ctx, z, t.valid.x, t.threads); err != nil {
		return 0, err
	}
	loss := t.loss.mean(z, t.valid.targets, t.valid.weights)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, errDiverged
	}
	if loss < t.bestLoss {
		t.bestLoss, t.bestEpochs = loss, done
		if t.best == nil {
			t.best = t.net.clone()
		} else {
			t.best.copyFrom(t.net)
		}
	}
	return loss, nil
}
