package source

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/training"
)

// sample decides on the share of the entities that is held at once.
func (l *lesson) sample(ctx context.Context, conn *pgconn.PgConn) error {
	l.share = 1
	if l.events.Memory <= 0 {
		return nil
	}
	size, err := l.events.size(ctx, conn, l.end)
	if err != nil || size.bytes <= float64(l.events.Memory) {
		return err
	}
	l.share = float64(l.events.Memory) / 4 / size.bytes // the examples and a model come beside
	l.first, err = l.events.firstOf(ctx, conn, l.end)
	return err
}

// fill builds the examples of all parts: of all entities, or of as many as memory should hold the examples of.
func (l *lesson) fill(ctx context.Context, conn *pgconn.PgConn, d *Data) error {
	share := l.wanted()
	if share < 1 {
		d.Holdout += fmt.Sprintf(" of %.4g %% of the entities", 100*share)
		d.Notes = append(d.Notes, fmt.Sprintf("the examples need more than cvp.work_mem: the model learns from %.3g %% of the entities", 100*share))
	}
	if share <= l.share {
		return l.add(ctx, d, share/l.share)
	}
	batch := *l
	l.pulled = nil // to make room
	return l.events.eachBatch(ctx, conn, l.end, share, func(p *pulled) error {
		batch.pulled = p
		return batch.add(ctx, d, 1)
	})
}

// matrixShare is the part of the memory that the features of the examples may take: models hold them in forms of
// their own beside.
const matrixShare = 1.0 / 5

// wanted is the share of the entities whose examples fit.
func (l *lesson) wanted() float64 {
	if l.events.Memory <= 0 {
		return 1
	}
	examples := len(l.Events.PointsAt(l.plan.Train)) + len(l.Events.PointsAt(l.plan.Validate)) + len(l.Events.SeenBefore(l.plan.Test))
	bytes := 4 * float64(examples) / l.share * float64(len(l.events.Spec.Features()))
	return min(1, matrixShare*float64(l.events.Memory)/bytes)
}

// add appends the examples of a share of the entities that are held.
func (l *lesson) add(ctx context.Context, d *Data, share float64) error {
	for _, part := range []struct {
		to      **model.Examples
		cutoffs []int64
	}{{&d.Plan.Train, l.plan.Train}, {&d.Plan.Validate, l.plan.Validate}, {&d.Plan.Test, []int64{l.plan.Test}}} {
		if len(part.cutoffs) == 0 {
			continue
		}
		more, err := l.examples(ctx, part.cutoffs, share)
		if err != nil {
			return err
		}
		if *part.to == nil {
			*part.to = more
		} else {
			appendExamples(*part.to, more)
		}
	}
	return nil
}

// examples are a share of the entities as of the cutoffs with their features and answers.
func (l *lesson) examples(ctx context.Context, cutoffs []int64, share float64) (*model.Examples, error) {
	points, labels, err := l.answers(cutoffs)
	if err != nil {
		return nil, err
	}
	if share < 1 {
		points, labels = l.thin(points, labels, share)
	}
	x, err := l.events.Spec.Compute(ctx, l.Tables, points)
	if err != nil {
		return nil, err
	}
	return training.Usable(&model.Examples{X: x, Y: labels}), nil
}

// thin keeps the points of a share of the entities, which a hash of the key chooses.
func (l *lesson) thin(points []features.Point, labels []float32, share float64) ([]features.Point, []float32) {
	var keptPoints []features.Point
	var keptLabels []float32
	for i, p := range points {
		h := fnv.New32a()
		_, _ = h.Write([]byte(l.Events.Keys[p.Entity]))
		if float64(h.Sum32()) < share*(1<<32) {
			keptPoints, keptLabels = append(keptPoints, p), append(keptLabels, labels[i])
		}
	}
	return keptPoints, keptLabels
}

// appendExamples puts more examples behind others of the same columns.
func appendExamples(to, more *model.Examples) {
	to.Y = append(to.Y, more.Y...)
	to.X.Rows += more.X.Rows
	for i := range to.X.Columns {
		into, from := &to.X.Columns[i], &more.X.Columns[i]
		if into.Kind == frame.Category && !slices.Equal(into.Levels, from.Levels) {
			panic("levels of a feature differ between batches") // they are the spec's
		}
		into.Numbers, into.Codes = append(into.Numbers, from.Numbers...), append(into.Codes, from.Codes...)
	}
}
