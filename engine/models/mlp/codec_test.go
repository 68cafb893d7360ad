package mlp_test

import (
	"bytes"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/models/mlp"
)

// FuzzDecode feeds damaged bytes: an error or a model that predicts and encodes, never a crash.
func FuzzDecode(f *testing.F) {
	for _, params := range []map[string]any{{"hidden": []int{3}, "epochs": 1}, {"hidden": []int{}, "epochs": 1, "loss": "log"}} {
		m, err := mlp.New().Fit(f.Context(), examples(60, 2, 1, moons), nil, settings(model.Value, params))
		if err != nil {
			f.Fatal(err)
		}
		b, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	x := &frame.Frame{Rows: 2, Columns: []frame.Column{{Name: "x0", Kind: frame.Number, Numbers: []float32{1, -1}}}}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := mlp.New().Decode(b)
		if err != nil {
			return
		}
		if err := m.Predict(make([]float64, 2), x); err != nil {
			return
		}
		again, err := m.Encode()
		if err != nil {
			t.Fatalf("encode what was decoded: %v", err)
		}
		twice, err := mlp.New().Decode(again)
		if err != nil {
			t.Fatalf("decode what was encoded: %v", err)
		}
		if b, err := twice.Encode(); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("encoding twice differs (error %v)", err)
		}
	})
}
