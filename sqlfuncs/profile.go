package sqlfuncs

import (
	"context"

	"cvp/engine/prep"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// profile runs cvp_profile(relation): what cleaning finds, a row for each column.
func (w *work) profile(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("relation")
	if err != nil {
		return err
	}
	args, err := w.constants(ctx, c, nodes)
	if err != nil {
		return err
	}
	text, given := args["relation"]
	if !given || w.explain.dry() {
		return c.Table(w.profiled(nil))
	}
	r, _, err := w.relation(ctx, text)
	if err != nil {
		return err
	}
	d, err := pull.Describe(ctx, w.conn, "SELECT * FROM "+r.From+" AS cvp_relation", nil)
	if err != nil {
		return err
	}
	columns, err := r.Profile(ctx, w.conn, d.Fields)
	if err != nil {
		return err
	}
	return c.Table(w.profiled(columns))
}

// profiled gives profiles as the columns of a FROM item.
func (w *work) profiled(profiles []prep.Profile) []rewrite.Column {
	texts := func(name string, of func(p *prep.Profile) string) rewrite.Column {
		v := make([]*string, len(profiles))
		for i := range profiles {
			if s := of(&profiles[i]); s != "" {
				v[i] = &s
			}
		}
		return w.optionalTexts(name, v)
	}
	counts := func(name string, of func(p *prep.Profile) int) rewrite.Column {
		v := make([]int64, len(profiles))
		for i := range profiles {
			v[i] = int64(of(&profiles[i]))
		}
		return w.bigints(name, v)
	}
	numbers := func(name string, of func(p *prep.Profile) float64) rewrite.Column {
		v := make([]float64, len(profiles))
		for i := range profiles {
			v[i] = of(&profiles[i])
		}
		return w.floats(name, v)
	}
	return []rewrite.Column{
		texts("column_name", func(p *prep.Profile) string { return p.Column }),
		texts("kind", func(p *prep.Profile) string { return p.Kind.String() }),
		counts("rows", func(p *prep.Profile) int { return p.Rows }),
		counts("missing", func(p *prep.Profile) int { return p.Missing }),
		counts("distinct_values", func(p *prep.Profile) int { return p.Distinct }),
		numbers("mean", func(p *prep.Profile) float64 { return p.Mean }),
		numbers("stddev", func(p *prep.Profile) float64 { return p.Deviation }),
		numbers("min", func(p *prep.Profile) float64 { return p.Min }),
		numbers("median", func(p *prep.Profile) float64 { return p.Median }),
		numbers("max", func(p *prep.Profile) float64 { return p.Max }),
		numbers("low", func(p *prep.Profile) float64 { return p.Low }),
		numbers("high", func(p *prep.Profile) float64 { return p.High }),
		counts("cut", func(p *prep.Profile) int { return p.Cut }),
		texts("most_frequent", func(p *prep.Profile) string { return p.Frequent }),
		counts("rare_levels", func(p *prep.Profile) int { return p.RareLevels }),
		texts("finding", (*prep.Profile).Finding),
	}
}
