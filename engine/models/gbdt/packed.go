package gbdt

import (
	"math"

	"cvp/engine/internal/chunks"
)

// The 64 bits that are added up for a row, over at most rowChunk rows before they are unpacked:
//
//	gradient (27, signed) | second derivative (23) | rows (14)
//	gradient (50, signed) | rows (14)                          where every second derivative is 1
const (
	countBits    = 14
	countMask    = 1<<countBits - 1
	hessianBits  = 23
	hessianMask  = 1<<hessianBits - 1
	hessianTop   = 1<<10 - 2 // times rowChunk it stays below 1<<hessianBits, one more for the rounding
	gradientTop  = 1<<13 - 2
	unitGradient = 1<<30 - 2 // the greatest gradient where every second derivative is 1
)

// packing turns gradients into whole numbers.
type packing struct {
	unit              bool    // every second derivative is 1
	gradient, hessian float64 // the real value of 1
}

// newPacking fits the greatest absolute gradient and second derivative.
func newPacking(unit bool, gradient, hessian float32) packing {
	p := packing{unit: unit, gradient: float64(gradient) / gradientTop, hessian: float64(hessian) / hessianTop}
	if unit {
		p.gradient, p.hessian = float64(gradient)/unitGradient, 1
	}
	if gradient == 0 {
		p.gradient = 1
	}
	if hessian == 0 {
		p.hessian = 1
	}
	return p
}

// pack writes the packed gradients of rows [from, to) and rounds at random by row and salt.
func (p packing) pack(dst []uint64, gradients, hessians []float32, from, to int, salt uint64) {
	if p.unit {
		inverse := 1 / p.gradient
		for i := from; i < to; i++ {
			q := int64(math.Floor(float64(gradients[i])*inverse + .5))
			dst[i] = uint64(q)<<countBits | 1
		}
		return
	}
	perGradient, perHessian := 1/p.gradient, 1/p.hessian
	for i := from; i < to; i++ {
		r := mix(salt + uint64(i))
		g := int64(floor(float64(gradients[i])*perGradient + float64(r>>32)*0x1p-32))
		h := uint64(float64(hessians[i])*perHessian + float64(uint32(r))*0x1p-32)
		dst[i] = uint64(g)<<(countBits+hessianBits) | h<<countBits | 1
	}
}

// floor of a number in the range of an int32, without a call.
func floor(v float64) int64 { return int64(v+0x1p20) - 0x1p20 }

// unpack adds packed sums to cells.
func (p packing) unpack(cells []cell, sums []uint64) {
	sums = sums[:len(cells)]
	if p.unit {
		for i, s := range sums {
			c, n := &cells[i], int64(s&countMask)
			c.gradient += int64(s) >> countBits
			c.hessian += n
			c.rows += n
		}
		return
	}
	for i, s := range sums {
		c := &cells[i]
		c.gradient += int64(s) >> (countBits + hessianBits)
		c.hessian += int64(s >> countBits & hessianMask)
		c.rows += int64(s & countMask)
	}
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a random number for each argument.
func mix(v uint64) uint64 {
	v *= 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}

// chunked calls f for each chunk of n rows on the threads.
func chunked(threads, n int, f func(chunk, from, to int)) {
	chunks.Do(threads, chunks.Count(n, rowChunk), func(i int) {
		from, to := chunks.Bounds(i, rowChunk, n)
		f(i, from, to)
	})
}
