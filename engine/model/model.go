// Package model says what a model is to the rest of cvp: an Algorithm learns a Model from examples, a Model
// scores rows. Each family lies in a package of its own under engine/models.
package model

import (
	"context"
	"time"

	"cvp/engine/frame"
)

// Task is the kind of number a model gives.
type Task string

const (
	// Class predicts the probability that the label is 1.
	Class Task = "class"
	// Value predicts the expected label, a real number.
	Value Task = "value"
	// Items recommends items. It is no task of an Algorithm: see package items.
	Items Task = "items"
)

// Examples are labelled rows. Y has X.Rows values, 0 or 1 for Class. Weights is nil for equal weights.
type Examples struct {
	X       *frame.Frame
	Y       []float32
	Weights []float32
}

// Settings are what every algorithm understands, plus its own hyperparameters in Params.
type Settings struct {
	Task    Task
	Seed    uint64
	Threads int // 0: all processors
	// Params are hyperparameters by name, already checked against Algorithm.Params.
	Params map[string]any
	// Progress, where not nil, is called from the fitting goroutine after each epoch or round; it must not block.
	Progress func(Step)
}

// Step is one epoch or round of a fit.
type Step struct {
	Done, Of        int
	Train, Validate float64 // mean loss on each part, NaN where not computed
	Elapsed         time.Duration
}

// Param describes one hyperparameter of an algorithm.
type Param struct {
	Name    string
	Default any      // float64, int, bool, string or []int: also fixes the type
	Min     float64  // numbers: least allowed value
	Max     float64  // numbers: greatest allowed value
	Choices []string // strings: allowed values
	Help    string
}

// Algorithm learns models of one family. It has no state: one value serves concurrent fits.
type Algorithm interface {
	// Name is what SQL calls it: "logistic", "tree", "gbdt", "mlp".
	Name() string
	// Serves reports whether the family can do the task.
	Serves(Task) bool
	// Params lists its hyperparameters.
	Params() []Param
	// Fit learns from train. Where valid is not nil it decides when to stop early; without it the fit runs
	// its full course. It returns ctx's error soon (well under 0.5 s) after ctx is done. The same examples,
	// settings and machine kind give the same model bytes.
	Fit(ctx context.Context, train, valid *Examples, s Settings) (Model, error)
	// Decode reads what Model.Encode wrote.
	Decode(b []byte) (Model, error)
}

// Model scores rows. It is immutable and safe for concurrent use.
type Model interface {
	// Predict writes one score per row of x into dst (len x.Rows): a probability for Class, a value for Value.
	// Columns are found by name; a missing one counts as all missing; other columns are ignored.
	Predict(dst []float64, x *frame.Frame) error
	// Encode gives the model's bytes (JSON; number arrays as base64 of little-endian floats).
	Encode() ([]byte, error)
	// Rounds is how many epochs or rounds the fit used (0 where it has none), so that a refit without a validation part can stop at the same place: Settings.Params["rounds"].
	Rounds() int
}
