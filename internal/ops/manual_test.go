package ops_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTheManualNamesEveryMetricAndNoOther(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	s := build(t, nil)
	_, body := s.get(t, "/metrics")
	var shown []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (cvp_\w+) `).FindAllStringSubmatch(body, -1) {
		shown = append(shown, m[1])
	}
	// Without a client turned away or not let in these two have no value yet.
	shown = append(shown, "cvp_clients_refused_total", "cvp_login_failures_total")
	if len(shown) < 15 {
		t.Fatalf("only %v are shown", shown)
	}
	for _, name := range shown {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text), "`"+name+"{") {
			t.Errorf("docs/operations.md does not name %s", name)
		}
	}
	for _, name := range regexp.MustCompile(`\bcvp_\w+`).FindAllString(string(text), -1) {
		name = strings.TrimSuffix(name, "_count")
		if !slices.Contains(shown, name) {
			t.Errorf("docs/operations.md names %s, which is not shown", name)
		}
	}
}
