package server

import (
	"testing"
	"time"
)

func TestDurationsAsPostgresShowsThem(t *testing.T) {
	for shown, want := range map[string]time.Duration{
		"0": 0, "5": 5 * time.Millisecond, "100us": 100 * time.Microsecond, "250ms": 250 * time.Millisecond,
		"90s": 90 * time.Second, "1min": time.Minute, "2h": 2 * time.Hour, "24d": 24 * 24 * time.Hour,
	} {
		if got, ok := parseDuration(shown); !ok || got != want {
			t.Errorf("%q is %v, %v; want %v", shown, got, ok, want)
		}
	}
	for _, shown := range []string{"", "s", "-1", "5 parsecs", "5y", "9223372036854775807d", "1e3"} {
		if got, ok := parseDuration(shown); ok {
			t.Errorf("%q is taken for %v", shown, got)
		}
	}
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"0", "250ms", "1min", "9999999999999d", "ms"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, shown string) {
		if d, ok := parseDuration(shown); ok && d < 0 {
			t.Errorf("%q is %v", shown, d)
		}
	})
}
