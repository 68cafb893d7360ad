package features

import (
	"math"
	"time"
)

// calendar is the season of the label window. It is the same for every entity of a cutoff, so a model can only learn
// from it where there are many cutoffs over some years; otherwise it would learn each cutoff by heart.
type calendar struct{ b *binding }

var _ block = (*calendar)(nil)

func (c *calendar) features() []Feature {
	if !c.b.spec.Calendar {
		return nil
	}
	var n namer
	n.add("season_sin", "sin(2π · (day of the year of the cutoff + half the horizon) ÷ 365.25)")
	n.add("season_cos", "cos of the same")
	return n
}

func (c *calendar) begin(*trace) {}

func (c *calendar) write(dst []float32, t *trace) {
	if !c.b.spec.Calendar {
		return
	}
	middle := time.UnixMicro(t.cutoff).UTC().Add(c.b.spec.Target.Horizon / 2)
	angle := 2 * math.Pi * float64(middle.YearDay()) / 365.25
	dst[0], dst[1] = number(math.Sin(angle)), number(math.Cos(angle))
}
