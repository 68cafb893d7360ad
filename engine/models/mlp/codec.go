package mlp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// format is the version of the bytes.
const format = 1

// stored is the JSON form of a model.
type stored struct {
	Format  int           `json:"format"`
	Rounds  int           `json:"rounds"`
	Encoder *prep.Encoder `json:"encoder"`
	Target  target        `json:"target"`
	Layers  []storedLayer `json:"layers"`
}

// storedLayer holds weights [Out×In] row-major and bias [Out] as base64 of little-endian float32.
type storedLayer struct {
	In         int        `json:"in"`
	Out        int        `json:"out"`
	Activation activation `json:"activation"`
	Weights    string     `json:"weights"`
	Bias       string     `json:"bias"`
}

// Encode gives the model's bytes.
func (m *fitted) Encode() ([]byte, error) {
	s := stored{Format: format, Rounds: m.rounds, Encoder: m.encoder, Target: m.target}
	for _, l := range m.net {
		s.Layers = append(s.Layers, storedLayer{l.in, l.out, l.act, packFloats(l.w), packFloats(l.b)})
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode mlp: %w", err)
	}
	return b, nil
}

// Decode reads what Encode wrote and checks that it is whole.
func (Algorithm) Decode(b []byte) (model.Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode mlp: %w", err)
	}
	net, err := s.network()
	if err != nil {
		return nil, fmt.Errorf("decode mlp: %w", err)
	}
	return newFitted(s.Encoder, net, s.Target, s.Rounds), nil
}

func (s *stored) network() (network, error) {
	switch {
	case s.Format != format:
		return nil, fmt.Errorf("format %d, want %d", s.Format, format)
	case s.Encoder == nil:
		return nil, errors.New("no encoder")
	case s.Rounds < 0:
		return nil, fmt.Errorf("rounds %d", s.Rounds)
	case len(s.Layers) == 0 || len(s.Layers) > maxLayers+1:
		return nil, fmt.Errorf("%d layers", len(s.Layers))
	}
	if err := s.Target.check(); err != nil {
		return nil, err
	}
	net := make(network, len(s.Layers))
	width := inputs(s.Encoder)
	for i, l := range s.Layers {
		var err error
		if net[i], err = l.layer(width, i == len(s.Layers)-1); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i+1, err)
		}
		width = l.Out
	}
	if !net.finite() {
		return nil, errors.New("a weight is no number")
	}
	return net, nil
}

// layer checks the stored layer against the width before it.
func (l *storedLayer) layer(width int, last bool) (layer, error) {
	out := layer{in: l.In, out: l.Out, act: l.Activation}
	if l.In != width || l.Out < 1 || l.Out > maxHidden || last && l.Out != 1 {
		return out, fmt.Errorf("shape %d×%d after a width of %d", l.In, l.Out, width)
	}
	switch l.Activation {
	case relu, sigmoid, tanh:
		if last {
			return out, fmt.Errorf("activation %q of the output", l.Activation)
		}
	case identity:
	default:
		return out, fmt.Errorf("unknown activation %q", l.Activation)
	}
	var err error
	if out.w, err = unpackFloats(l.Weights, l.In*l.Out); err != nil {
		return out, fmt.Errorf("weights: %w", err)
	}
	if out.b, err = unpackFloats(l.Bias, l.Out); err != nil {
		return out, fmt.Errorf("bias: %w", err)
	}
	return out, nil
}

func (t *target) check() error {
	switch t.Link {
	case logitLink, linearLink, expLink, logLink:
	default:
		return fmt.Errorf("unknown link %q", t.Link)
	}
	for _, v := range append([]float64{t.Unit, t.Center, t.Scale, t.Correction}, t.Residuals...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a scale is no number")
		}
	}
	return nil
}

func packFloats(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(b)
}

func unpackFloats(s string, n int) ([]float32, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	if len(b) != 4*n {
		return nil, fmt.Errorf("%d bytes, want %d", len(b), 4*n)
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, nil
}
