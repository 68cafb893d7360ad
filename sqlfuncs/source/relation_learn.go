package source

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/training"
	"cvp/sqlfuncs/pull"
)

// RelationOptions choose among a relation's rows and columns.
type RelationOptions struct {
	Target   string
	Exclude  []string // columns that are no features
	Positive string   // the label that counts as 1 where the target has two texts
	Seed     uint64   // of the split; the same rows are held out as long as it stays
}

// LearningQuery fixes which columns the model reads and gives the query of the rows to learn from: identity, label
// and features.
func (r *Relation) LearningQuery(fields []pgconn.FieldDescription, o RelationOptions) (pull.Query, error) {
	r.Features = describing(fields, append([]string{o.Target, r.Key}, o.Exclude...))
	if len(r.Features) == 0 {
		return pull.Query{}, invalid("relation %s has no column besides the key and the target", r.From)("Add columns that describe each row.")
	}
	identity := alias + "::pg_catalog.text"
	if r.Key != "" {
		identity = r.column(r.Key) + "::pg_catalog.text"
	}
	label := r.column(o.Target)
	if _, ok := pull.KindOf(field(fields, o.Target).DataTypeOID); !ok {
		label += "::pg_catalog.text"
	}
	return pull.Query{SQL: "SELECT " + strings.Join(append([]string{identity, label}, r.featureList()...), ", ") + " FROM " + r.From + " AS " + alias}, nil
}

// LearnRelation pulls a relation, fixes which columns the model reads, and splits the labelled rows.
func LearnRelation(ctx context.Context, conn *pgconn.PgConn, r *Relation, fields []pgconn.FieldDescription, o RelationOptions) (*Data, error) {
	q, err := r.LearningQuery(fields, o)
	if err != nil {
		return nil, err
	}
	keys := &pull.Keys{} // as text: membership of the parts is decided by a hash of it
	label := pull.NewColumn(o.Target, field(fields, o.Target).DataTypeOID)
	x, err := r.frame(ctx, conn, q, keys, label)
	if err != nil {
		return nil, fmt.Errorf("pull rows to train on: %w", err)
	}
	if r.Key != "" && !r.Unique {
		if n := duplicates(keys.Texts); n > 0 {
			return nil, invalid("key column %q of %s is not unique: %d of %d rows repeat a key", r.Key, r.From, n, x.Rows)(
				"Give a relation with one row per key, for example a query in parentheses with GROUP BY.")
		}
	}
	y, task, notes, err := labels(&label.Column, o)
	if err != nil {
		return nil, err
	}
	return split(x, keys.Texts, y, task, notes, o)
}

// split drops the rows without a label and divides the others into parts.
func split(x *frame.Frame, keys []string, y []float32, task model.Task, notes []string, o RelationOptions) (*Data, error) {
	whole := &model.Examples{X: x, Y: y}
	if err := training.Check(whole, task, o.Target); err != nil {
		return nil, err
	}
	var kept []string
	for i, v := range y {
		if v == v {
			kept = append(kept, keys[i])
		}
	}
	if dropped := len(y) - len(kept); dropped > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d rows have no %s and are left out", dropped, len(y), o.Target))
		whole = training.Usable(whole)
	}
	var classes []float32
	if task == model.Class {
		classes = whole.Y
	}
	return &Data{Task: task, Plan: training.Arrange(whole, training.Split(kept, classes, o.Seed)), Notes: notes,
		Holdout: fmt.Sprintf("rows of seed %d", o.Seed)}, nil
}

// labels turns the target column into numbers, NaN where it is NULL, and says which task they pose: two values
// are a class, other numbers a value.
func labels(c *frame.Column, o RelationOptions) (y []float32, task model.Task, notes []string, err error) {
	switch c.Kind {
	case frame.Time:
		return nil, "", nil, invalid("target column %q is a date", o.Target)("Predict a number or two classes; subtract a reference date in a query to get days.")
	case frame.Category:
		return classLabels(c, o)
	}
	task = model.Class
	for _, v := range c.Numbers {
		if v == v && v != 0 && v != 1 {
			task = model.Value
			break
		}
	}
	return c.Numbers, task, nil, nil
}

func classLabels(c *frame.Column, o RelationOptions) ([]float32, model.Task, []string, error) {
	if len(c.Levels) > 2 {
		return nil, "", nil, invalid("target column %q has %d classes", o.Target, len(c.Levels))(
			"cvp predicts one of two classes or a number: give a target such as (" + o.Target + " = '" + c.Levels[0] + "') in a query in parentheses.")
	}
	levels := append([]string(nil), c.Levels...)
	sort.Strings(levels)
	var notes []string
	positive := o.Positive
	if positive == "" && len(levels) > 0 {
		positive = levels[len(levels)-1]
		notes = append(notes, fmt.Sprintf("the score is the probability that %s is %q", o.Target, positive))
	}
	if len(levels) > 0 && levels[0] != positive && levels[len(levels)-1] != positive {
		return nil, "", nil, invalid("target column %q has no class %q", o.Target, positive)("Its classes are " + strings.Join(levels, ", ") + ".")
	}
	y := make([]float32, len(c.Codes))
	for i, code := range c.Codes {
		switch {
		case code == frame.NoCode:
			y[i] = float32(math.NaN())
		case c.Levels[code] == positive:
			y[i] = 1
		}
	}
	return y, model.Class, notes, nil
}

// describing lists the columns a model reads: all but the named ones; types without a reading of their own are
// cast to text.
func describing(fields []pgconn.FieldDescription, without []string) []Feature {
	skip := map[string]bool{}
	for _, n := range without {
		skip[n] = true
	}
	var out []Feature
	for _, f := range fields {
		if skip[f.Name] {
			continue
		}
		skip[f.Name] = true // a second column of the same name cannot be referred to
		_, known := pull.KindOf(f.DataTypeOID)
		out = append(out, Feature{Name: f.Name, OID: f.DataTypeOID, Text: !known})
	}
	return out
}

func field(fields []pgconn.FieldDescription, name string) *pgconn.FieldDescription {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

func duplicates(keys []string) int {
	seen, n := make(map[string]struct{}, len(keys)), 0
	for _, k := range keys {
		if _, ok := seen[k]; ok {
			n++
		}
		seen[k] = struct{}{}
	}
	return n
}

// invalid starts an error about the user's data or arguments; the hint completes it.
func invalid(format string, args ...any) func(hint string) error {
	return func(hint string) error {
		return &training.DataError{Message: fmt.Sprintf(format, args...), Hint: hint}
	}
}
