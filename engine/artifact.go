package engine

import (
	"encoding/json"
	"fmt"

	"cvp/engine/model"
)

// artifactFormat changes when stored versions can no longer be read as before.
const artifactFormat = 1

// Artifact is a trained version as it is stored: everything that scoring needs. The same content gives the same bytes.
type Artifact struct {
	Format    int             `json:"format"`
	Kind      string          `json:"kind"`   // what it was trained on, as the caller names it
	Source    json.RawMessage `json:"source"` // where its rows come from, the caller's own
	Algorithm string          `json:"algorithm"`
	Task      model.Task      `json:"task"`
	Model     json.RawMessage `json:"model"` // model.Model.Encode
}

// Encode gives the artifact's bytes, JSON.
func (a Artifact) Encode() ([]byte, error) {
	a.Format = artifactFormat
	b, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode artifact: %w", err)
	}
	return b, nil
}

// DecodeArtifact reads what Encode wrote; it trusts nothing about the bytes.
func DecodeArtifact(b []byte) (*Artifact, error) {
	var a Artifact
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("decode artifact: %w", err)
	}
	if a.Format != artifactFormat {
		return nil, fmt.Errorf("decode artifact: it has format %d, this program reads %d", a.Format, artifactFormat)
	}
	if a.Task != model.Class && a.Task != model.Value {
		return nil, fmt.Errorf("decode artifact: unknown task %q", a.Task)
	}
	return &a, nil
}
