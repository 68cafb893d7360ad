package question

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew")

// TestErrors shows each text of testdata/errors.txt with the caret, the message and the hint that it gets. Texts
// are separated by a line of its own; what follows "ERROR" is golden.
func TestErrors(t *testing.T) {
	path := filepath.Join("testdata", "errors.txt")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	blocks := strings.Split(strings.TrimSuffix(string(file), "----\n"), "----\n")
	for _, block := range blocks {
		question, _, _ := strings.Cut(block, "\nERROR: ")
		question = strings.TrimSuffix(question, "\n")
		_, err := Parse(question)
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("no error for %q", question)
			continue
		}
		fmt.Fprintf(&out, "%s\nERROR: %s\n%s\n", question, e.Message, e.Caret(question))
		if e.Hint != "" {
			fmt.Fprintf(&out, "HINT: %s\n", e.Hint)
		}
		out.WriteString("----\n")
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != string(file) && !*update {
		t.Errorf("%s is stale; run go test -update and look at the difference. Got:\n%s", path, out.String())
	}
}

func TestErrorsOfTextsThatNoFileHolds(t *testing.T) {
	for _, c := range []struct {
		name, in string
		position int
		message  string
	}{
		{"an empty text", "", 1, "syntax error at end of question"},
		{"a NUL", "PREDICT \x00", 9, "question is not valid UTF-8 text"},
		{"bytes that are no character", "PREDICT \xff", 9, "question is not valid UTF-8 text"},
		{"a text without end", strings.Repeat("x", MaxLength+1), 1, "question is longer than 65536 bytes"},
		{"the place is counted in characters", "PREDICT COUNT(\"é\".*) FOR", 22, `syntax error at or near "FOR"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.in)
			e, ok := err.(*Error)
			if !ok || e.Position != c.position || e.Error() != c.message {
				t.Errorf("got %+v", err)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	names := []string{"orders", "order_lines", "customers", "Products"}
	for word, want := range map[string]string{
		"ordres": "orders", "ordrs": "orders", "ORDERS": "orders", "product": "Products", "costumers": "customers", "o": "", "zebra": "", "orderlines": "order_lines",
	} {
		if got, ok := Nearest(word, names); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", word, got, ok)
		}
	}
}
