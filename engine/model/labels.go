package model

// returned is the share of the labels' total that negative ones may take away before a share of the total, or an
// effect that multiplies, means nothing.
const returned = 0.05

// MoneyLike reports labels that are distributed as money is: skewed to the right (skewness above 1) and seldom
// negative.
func MoneyLike(y []float32) bool {
	var total, below, square, cube float64
	for _, v := range y {
		total += float64(v)
		below -= min(float64(v), 0)
	}
	n := float64(len(y))
	for _, v := range y {
		d := float64(v) - total/n
		square += d * d
		cube += d * d * d
	}
	// Skewness above 1, without the root: cube/n > (square/n)^1.5.
	skewed := cube > 0 && (cube/n)*(cube/n) > (square/n)*(square/n)*(square/n)
	return skewed && below < returned*total
}
