package features

import (
	"testing"
	"time"
)

// benchEvents are 12,000 customers with a hundred order lines each, more or less.
func benchEvents(b *testing.B) (*Events, *Spec, []Point) {
	b.Helper()
	rows := shopRows(1, 12_000, 500)
	ev, err := NewEvents(shopFrame(rows), shopRoles)
	if err != nil {
		b.Fatal(err)
	}
	var cutoffs []int64
	for d := int64(300); d < 500; d += 28 {
		cutoffs = append(cutoffs, d*day)
	}
	s, err := Learn(NewTables(ev, nil), Target{Aggregate: Sum, Horizon: 30 * 24 * time.Hour}, cutoffs, Options{})
	if err != nil {
		b.Fatal(err)
	}
	s.Threads = 1
	return ev, s, ev.PointsAt(cutoffs)
}

// BenchmarkFeaturesOfEightCutoffs reports events per second and thread, scaled to 50 features.
func BenchmarkFeaturesOfEightCutoffs(b *testing.B) {
	ev, s, points := benchEvents(b)
	width := len(s.Features())
	for b.Loop() {
		if _, err := s.Compute(b.Context(), NewTables(ev, nil), points); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ev.Rows())*float64(width)/50/1e6*float64(b.N)/b.Elapsed().Seconds(), "Mevents/s/50features")
	b.ReportMetric(float64(len(points))*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

func BenchmarkSortEvents(b *testing.B) {
	f := shopFrame(shopRows(1, 12_000, 500))
	for b.Loop() {
		if _, err := NewEvents(f, shopRoles); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(f.Rows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}

// BenchmarkServeOneEntity is what a prediction for one key costs: its events sorted, its features computed.
func BenchmarkServeOneEntity(b *testing.B) {
	_, s, _ := benchEvents(b)
	rows := shopRows(1, 1, 9000)
	for i := range rows {
		rows[i].customer = "c0"
	}
	f := shopFrame(rows)
	for b.Loop() {
		ev, err := NewEvents(f, shopRoles)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Compute(b.Context(), NewTables(ev, nil), []Point{{Entity: 0, Cutoff: 9000 * day}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(f.Rows), "events")
}
