package mlp

import (
	"errors"
	"fmt"
	"sync"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/model"
	"cvp/engine/prep"
)

// fitted is a trained network with what its inputs and outputs need.
type fitted struct {
	encoder *prep.Encoder
	net     network
	target  target
	rounds  int
	rooms   sync.Pool // of *room
}

var _ model.Model = (*fitted)(nil)

// room is memory for scoring scorePiece rows.
type room struct {
	x       []float32
	outputs activations
}

func newFitted(encoder *prep.Encoder, net network, t target, rounds int) *fitted {
	m := &fitted{encoder: encoder, net: net, target: t, rounds: rounds}
	m.rooms.New = func() any {
		return &room{x: make([]float32, scorePiece*net[0].in), outputs: net.newActivations(scorePiece)}
	}
	return m
}

// Predict scores the rows of x in pieces on all processors.
func (m *fitted) Predict(dst []float64, x *frame.Frame) error {
	if len(dst) != x.Rows {
		return fmt.Errorf("predict mlp: room for %d scores of %d rows", len(dst), x.Rows)
	}
	batch, err := m.encoder.Bind(x)
	if err != nil {
		return fmt.Errorf("predict mlp: %w", err)
	}
	errs := make([]error, chunks.Count(x.Rows, scorePiece))
	chunks.Do(0, len(errs), func(i int) {
		from, to := chunks.Bounds(i, scorePiece, x.Rows)
		errs[i] = m.predict(dst[from:to], batch, from)
	})
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("predict mlp: %w", err)
	}
	return nil
}

// predict scores rows from … from+len(dst) of the batch.
func (m *fitted) predict(dst []float64, batch *prep.Batch, from int) error {
	r := m.rooms.Get().(*room)
	defer m.rooms.Put(r)
	n := len(dst)
	if m.encoder.Width() > 0 {
		if err := batch.Rows(r.x[:n*m.encoder.Width()], from, from+n); err != nil {
			return err
		}
	}
	for i, z := range m.net.forward(r.outputs, r.x, n) {
		dst[i] = m.target.decode(float64(z))
	}
	return nil
}

// Rounds is how many epochs the weights have seen.
func (m *fitted) Rounds() int { return m.rounds }
