package items

import (
	"encoding/json"
	"fmt"

	"cvp/engine/internal/packed"
)

// stored is the JSON of a model.
type stored struct {
	Items   []string        `json:"items"`
	Counts  packed.Int32s   `json:"counts"` // of neighbours of each item
	Near    packed.Int32s   `json:"near"`   // one item's after the other's
	Cosines packed.Float32s `json:"cosines"`
	Popular packed.Float32s `json:"popular"`
	Weights Weights         `json:"weights"`
}

// Encode gives the model's bytes, the same for the same model.
func (m *Model) Encode() ([]byte, error) {
	s := stored{Items: m.Items, Popular: m.Popular, Weights: m.Weights}
	for _, near := range m.Near {
		s.Counts = append(s.Counts, int32(len(near)))
		for _, n := range near {
			s.Near, s.Cosines = append(s.Near, n.Item), append(s.Cosines, n.Cosine)
		}
	}
	return json.Marshal(s)
}

// Decode reads what Encode wrote.
func Decode(b []byte) (*Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode recommendations: %w", err)
	}
	m := &Model{Items: s.Items, Popular: s.Popular, Weights: s.Weights, Near: make([][]Neighbour, len(s.Items))}
	if len(s.Counts) != len(s.Items) || len(s.Popular) != len(s.Items) || len(s.Near) != len(s.Cosines) || !(s.Weights.HalfLifeDays > 0) {
		return nil, fmt.Errorf("decode recommendations: parts of different lengths")
	}
	at := 0
	for i, count := range s.Counts {
		if count < 0 || int(count) > len(s.Near)-at {
			return nil, fmt.Errorf("decode recommendations: item %d has %d neighbours", i, count)
		}
		for range count {
			if item := s.Near[at]; item < 0 || int(item) >= len(s.Items) {
				return nil, fmt.Errorf("decode recommendations: there is no item %d", item)
			}
			m.Near[i] = append(m.Near[i], Neighbour{s.Near[at], s.Cosines[at]})
			at++
		}
	}
	if at != len(s.Near) {
		return nil, fmt.Errorf("decode recommendations: %d neighbours too many", len(s.Near)-at)
	}
	m.number()
	return m, nil
}
