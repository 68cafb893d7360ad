package gbdt

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// stock are the rows that testdata/reference.py wrote: the columns, and the targets by name.
func stock(t *testing.T) (*frame.Frame, map[string][]float32) {
	t.Helper()
	f, err := os.Open("testdata/rows.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	head, lines := lines[0], lines[1:]
	x, targets := &frame.Frame{Rows: len(lines)}, map[string][]float32{}
	for j, name := range head {
		c := frame.Column{Name: name, Kind: frame.Number}
		if name == "region" {
			c.Kind = frame.Category
		}
		levels := map[string]int32{}
		for _, line := range lines {
			text := line[j]
			switch {
			case c.Kind == frame.Number && text == "":
				c.Numbers = append(c.Numbers, float32(math.NaN()))
			case c.Kind == frame.Number:
				v, err := strconv.ParseFloat(text, 32)
				if err != nil {
					t.Fatal(err)
				}
				c.Numbers = append(c.Numbers, float32(v))
			case text == "":
				c.Codes = append(c.Codes, frame.NoCode)
			default:
				if _, known := levels[text]; !known {
					levels[text] = int32(len(c.Levels))
					c.Levels = append(c.Levels, text)
				}
				c.Codes = append(c.Codes, levels[text])
			}
		}
		if name == "class" || name == "count" || name == "money" {
			targets[name] = c.Numbers
		} else {
			x.Columns = append(x.Columns, c)
		}
	}
	return x, targets
}

// TestHeldOutLossIsThatOfLightGBM fits the same rows with the same parameters.
func TestHeldOutLossIsThatOfLightGBM(t *testing.T) {
	text, err := os.ReadFile("testdata/lightgbm.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Loss map[string]float64
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	x, targets := stock(t)
	const trained = 4000
	// The deviances of scikit-learn, from which ours differ by what does not depend on the prediction.
	poissonDeviance := func(y, p float64) float64 { return 2 * (xlogy(y, y/p) - y + p) }
	tweedieDeviance := func(y, p float64) float64 {
		return 2 * (math.Pow(y, .5)/(-.5)/.5 - y*math.Pow(p, -.5)/(-.5) + math.Pow(p, .5)/.5) // power 1.5
	}
	pinballAt := func(q float64) func(y, p float64) float64 {
		return func(y, p float64) float64 { return max(q*(y-p), (1-q)*(p-y)) }
	}
	tests := []struct {
		loss, target string
		task         model.Task
		cost         func(y, p float64) float64
	}{
		{lossLogistic, "class", model.Class, func(y, p float64) float64 { return -y*math.Log(p) - (1-y)*math.Log(1-p) }},
		{lossSquared, "money", model.Value, func(y, p float64) float64 { return (y - p) * (y - p) }},
		{lossAbsolute, "money", model.Value, pinballAt(.5)},
		{lossQuantile, "money", model.Value, pinballAt(.9)},
		{lossPoisson, "count", model.Value, poissonDeviance},
		{lossTweedie, "money", model.Value, tweedieDeviance},
	}
	for _, tt := range tests {
		t.Run(tt.loss, func(t *testing.T) {
			params := map[string]any{"trees": 150, "learning_rate": .05, "max_leaves": 15, "min_leaf": 20, "l2": 1.0,
				"row_share": 1.0, "column_share": 1.0, "tweedie_power": 1.5}
			if tt.task == model.Value {
				params["loss"] = tt.loss
			}
			if tt.loss == lossQuantile {
				params["quantile"] = .9
			}
			y := targets[tt.target]
			m, err := Boosting{}.Fit(context.Background(), &model.Examples{X: x.Slice(0, trained), Y: y[:trained]}, nil,
				model.Settings{Task: tt.task, Seed: 1, Params: params})
			if err != nil {
				t.Fatal(err)
			}
			p := make([]float64, x.Rows-trained)
			if err := m.Predict(p, x.Slice(trained, x.Rows)); err != nil {
				t.Fatal(err)
			}
			var got float64
			for i, p := range p {
				got += tt.cost(float64(y[trained+i]), p)
			}
			got /= float64(len(p))
			want := reference.Loss[tt.loss]
			t.Logf("%.5f, LightGBM %.5f: %.4f", got, want, got/want)
			if !(got <= 1.02*want) {
				t.Errorf("loss %v on the held-out rows, LightGBM has %v", got, want)
			}
		})
	}
}

func xlogy(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(y)
}
