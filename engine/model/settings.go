package model

// Number gives the hyperparameter of that name, a float64 or an int, or what stands for a missing one.
func (s Settings) Number(name string, missing float64) float64 {
	switch v := s.Params[name].(type) {
	case float64:
		return v
	case int:
		return float64(v)
	}
	return missing
}

// Text gives the hyperparameter of that name, a string, or what stands for a missing one.
func (s Settings) Text(name, missing string) string {
	if v, ok := s.Params[name].(string); ok {
		return v
	}
	return missing
}
