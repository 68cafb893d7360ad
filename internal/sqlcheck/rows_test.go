package sqlcheck

import (
	"fmt"
	"slices"
	"strings"
)

// null stands for NULL in a line: no value of the world holds it.
const null = "∅"

// lines gives rows as text that is equal where they are, sorted where their order means nothing.
func lines(rows [][][]byte, ordered bool) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		parts := make([]string, len(r))
		for j, v := range r {
			parts[j] = string(v)
			if v == nil {
				parts[j] = null
			}
		}
		out[i] = strings.Join(parts, "|")
	}
	if !ordered {
		slices.Sort(out)
	}
	return out
}

// sameRows says what the first difference of two lists is.
func sameRows(got, want []string) error {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Errorf("%d rows, want %d: %q is missing", len(got), len(want), want[i])
		case i >= len(want):
			return fmt.Errorf("%d rows, want %d: %q is too many", len(got), len(want), got[i])
		case got[i] != want[i]:
			return fmt.Errorf("row %d of %d is %q, want %q of %d", i+1, len(got), got[i], want[i], len(want))
		}
	}
	return nil
}
