package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// Format is the version of the stored form that this build writes, and the latest it reads.
const Format = 1

// maxArtifact bounds what is read: the largest net that the parameters allow, in base64, is below it.
const maxArtifact = 1 << 30

// Kinds of a trained model.
const (
	KindRelation = "relation" // trained on a labelled relation: scores rows of its columns
	KindQuestion = "question" // trained on a question over events: scores entities by their features
	KindItems    = "items"    // trained on a question that asks for items: package items reads the model
)

// Input is a column that the model reads.
type Input struct {
	Name string     `json:"name"`
	Kind frame.Kind `json:"kind"`
}

// Artifact is a trained model with all that is needed to score with it, as the registry stores it.
type Artifact struct {
	Kind      string     // KindRelation or KindQuestion
	Task      model.Task // what the score means
	Algorithm string     // its name; a rule of package baseline is never stored
	// Features is the JSON from which package features computes the columns; KindQuestion only.
	Features json.RawMessage
	// Inputs are the columns in training; KindRelation looks for them in the row to score.
	Inputs []Input
	// Model is what model.Model.Encode gave.
	Model []byte
}

// storedArtifact is the JSON. The order of fields is the order of bytes.
type storedArtifact struct {
	Format    int             `json:"format"`
	Kind      string          `json:"kind"`
	Task      model.Task      `json:"task"`
	Algorithm string          `json:"algorithm"`
	Features  json.RawMessage `json:"features,omitempty"`
	Inputs    []Input         `json:"inputs,omitempty"`
	Model     json.RawMessage `json:"model"`
}

// InputsOf lists the columns of a frame.
func InputsOf(x *frame.Frame) []Input {
	out := make([]Input, len(x.Columns))
	for i, c := range x.Columns {
		out[i] = Input{c.Name, c.Kind}
	}
	return out
}

// Encode gives the artifact's bytes, the same for the same artifact.
func (a *Artifact) Encode() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the model's own bytes stay as they are
	if err := e.Encode(storedArtifact{Format, a.Kind, a.Task, a.Algorithm, a.Features, a.Inputs, a.Model}); err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Decode reads what Encode wrote and checks it. The model itself is read by Load.
func Decode(b []byte) (*Artifact, error) {
	if len(b) > maxArtifact {
		return nil, fmt.Errorf("decode model: %d bytes are too many", len(b))
	}
	var s storedArtifact
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	if s.Format < 1 || s.Format > Format {
		return nil, fmt.Errorf("decode model: format %d is not known, the latest known is %d", s.Format, Format)
	}
	a := &Artifact{s.Kind, s.Task, s.Algorithm, s.Features, s.Inputs, s.Model}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("decode model: %w", err)
	}
	return a, nil
}

func (a *Artifact) check() error {
	if a.Kind == KindItems {
		if len(a.Model) == 0 || string(a.Model) == "null" || len(a.Features) > 0 || a.Task != model.Items {
			return errors.New("a model of items has neither features nor another task")
		}
		return nil
	}
	alg, err := Algorithm(a.Algorithm)
	switch {
	case err != nil:
		return err
	case !alg.Serves(a.Task):
		return &TaskError{Algorithm: a.Algorithm, Task: a.Task}
	case a.Kind != KindRelation && a.Kind != KindQuestion:
		return fmt.Errorf("unknown kind %q", a.Kind)
	case len(a.Model) == 0 || string(a.Model) == "null":
		return errors.New("no model")
	case (a.Kind == KindQuestion) != (len(a.Features) > 0 && string(a.Features) != "null"):
		return errors.New("features belong to a question and to nothing else")
	}
	for _, in := range a.Inputs {
		if in.Kind != frame.Number && in.Kind != frame.Category && in.Kind != frame.Time {
			return fmt.Errorf("column %q is of unknown kind %d", in.Name, in.Kind)
		}
	}
	return nil
}

// Load reads the model.
func (a *Artifact) Load() (model.Model, error) {
	alg, err := Algorithm(a.Algorithm)
	if err != nil {
		return nil, err
	}
	return alg.Decode(a.Model)
}
