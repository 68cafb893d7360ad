package mlp_test

import (
	"context"
	"fmt"
	"log"

	"cvp/engine/model"
	"cvp/engine/models/mlp"
)

// A network learns two interleaved half circles, which no line separates.
func Example() {
	train, valid := examples(2000, 2, 1, moons), examples(500, 2, 2, moons)
	m, err := mlp.New().Fit(context.Background(), train, valid, model.Settings{
		Task: model.Class, Seed: 1, Params: map[string]any{"hidden": []int{32, 16}},
	})
	if err != nil {
		log.Fatal(err)
	}
	p := make([]float64, valid.X.Rows)
	if err := m.Predict(p, valid.X); err != nil {
		log.Fatal(err)
	}
	right := 0
	for i, y := range valid.Y {
		if (p[i] > .5) == (y == 1) {
			right++
		}
	}
	fmt.Println(right > 490)
	// Output: true
}
