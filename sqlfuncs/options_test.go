package sqlfuncs

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestReadOptionsReportsEveryProblemAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // parts of the message, none for success
	}{
		{"nothing", "", nil},
		{"known ones", `{"seed": 7, "as_of": "2011-09-10", "exclude": ["a"]}`, nil},
		{"a hyperparameter beside one algorithm", `{"l2": 0.1}`, nil},
		{"not an object", `[1]`, []string{"not a JSON object"}},
		{"a misspelt name", `{"sed": 7}`, []string{`unknown option "sed" (did you mean "seed"?)`}},
		{"several", `{"seed": "x", "as_of": "yesterday", "step_days": -1}`, []string{`option "seed" does not take`, `"yesterday" is not a date`, `"step_days" must be positive`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readOptions(c.text)
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var pgErr *pgconn.PgError
			if !errors.As(err, &pgErr) || pgErr.Code != "22023" {
				t.Fatalf("error %v, want SQLSTATE 22023", err)
			}
			for _, part := range c.want {
				if !strings.Contains(pgErr.Message, part) {
					t.Errorf("message %q lacks %q", pgErr.Message, part)
				}
			}
		})
	}
}

func FuzzReadOptions(f *testing.F) {
	f.Add(`{"seed": 1, "hidden": [8]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := readOptions(text); (o == nil) == (err == nil) {
			t.Fatal("neither options nor an error, or both")
		}
	})
}
