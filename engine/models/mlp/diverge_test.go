package mlp

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// diverging is a trainer whose step size leaves the numbers after the first epoch, or at once.
func diverging(t *testing.T, valid bool, at int) (*trainer, *int) {
	t.Helper()
	train := gaussians(600, 4, 1)
	var held *model.Examples
	if valid {
		held = gaussians(200, 4, 2)
	}
	encoder, err := prep.Fit(train.X, prep.Options{Scale: true})
	if err != nil {
		t.Fatal(err)
	}
	o, err := newOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := newTarget(model.Value, string(squared), train)
	if err != nil {
		t.Fatal(err)
	}
	epochs := new(int)
	run, err := newTrainer(context.Background(), o, encoder, &target, train, held, model.Settings{Seed: 1, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	if at == 0 {
		run.learningRate = 1e38
	}
	run.progress = func(step model.Step) {
		if *epochs = step.Done; step.Done == at {
			run.adam.rate = 1e38
		}
	}
	return run, epochs
}

func TestADivergedFitIsAnErrorThatNamesTheLearningRate(t *testing.T) {
	for _, valid := range []bool{false, true} {
		run, _ := diverging(t, valid, 0)
		_, err := run.run(context.Background())
		if !errors.Is(err, errDiverged) || !strings.Contains(err.Error(), "lower learning_rate") {
			t.Errorf("validation part %t: error %v", valid, err)
		}
	}
	run, _ := diverging(t, false, 2)
	if _, err := run.run(context.Background()); !errors.Is(err, errDiverged) {
		t.Errorf("diverging in epoch 3 without a validation part: error %v", err)
	}
}

func TestADivergedFitWithAValidationPartFallsBackToTheBestEpoch(t *testing.T) {
	run, epochs := diverging(t, true, 2)
	rounds, err := run.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if *epochs != 2 || rounds < 1 || rounds > 2 || !run.net.finite() {
		t.Errorf("%d epochs, rounds %d, finite weights %t", *epochs, rounds, run.net.finite())
	}
	z := make([]float32, run.valid.n)
	if err := run.net.scores(context.Background(), z, run.valid.x, 1); err != nil {
		t.Fatal(err)
	}
	if loss := run.loss.mean(z, run.valid.targets, nil); math.Abs(loss-run.bestLoss) > 1e-9 {
		t.Errorf("validation loss %v, the best was %v", loss, run.bestLoss)
	}
}

func TestItEndsBetweenStepsWhenTheContextDoes(t *testing.T) {
	e := gaussians(20_000, 50, 1)
	ctx, cancel := context.WithCancel(context.Background())
	s := model.Settings{Task: model.Class, Seed: 1, Params: map[string]any{"hidden": []int{256, 256}, "epochs": 1000}}
	steps := 0
	s.Progress = func(model.Step) { steps++; cancel() }
	if _, err := New().Fit(ctx, e, nil, s); !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("error %v after %d epochs", err, steps)
	}
}
