package features

import "math"

const (
	microsPerDay  = 86_400_000_000
	microsPerHour = 3_600_000_000
)

// missing marks a feature that has no value.
var missing = float32(math.NaN())

// number narrows v to a feature value: infinities are not allowed in a frame, so they become the greatest float32.
func number(v float64) float32 {
	return float32(max(-math.MaxFloat32, min(math.MaxFloat32, v)))
}

// ratio is a ÷ b, missing where b is 0.
func ratio(a, b float64) float32 {
	if b == 0 {
		return missing
	}
	return number(a / b)
}

// daysBetween gives the days from one instant to a later one.
func daysBetween(from, to int64) float64 { return float64(to-from) / microsPerDay }

// dayOf numbers the UTC day of an instant.
func dayOf(t int64) int64 {
	d := t / microsPerDay
	if t%microsPerDay < 0 {
		d--
	}
	return d
}
