package schema

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Kind is a relation's kind as pg_class.relkind has it.
type Kind string

// The kinds that hold rows.
const (
	Table        Kind = "r"
	Partitioned  Kind = "p"
	View         Kind = "v"
	Materialized Kind = "m"
	Foreign      Kind = "f"
)

// Relation is a table or view and what the catalogue says about it.
type Relation struct {
	OID         uint32       `json:"oid"`
	Schema      string       `json:"schema"`
	Name        string       `json:"name"`
	Kind        Kind         `json:"kind"`
	Rows        float64      `json:"rows"` // estimated by ANALYZE, -1 where it is not known
	Columns     []Column     `json:"columns"`
	Indexes     []Index      `json:"indexes"`
	ForeignKeys []ForeignKey `json:"foreign_keys"`
}

// Column is a column of a relation. A domain has the properties of its base type.
type Column struct {
	Number   int16  `json:"number"`
	Name     string `json:"name"`
	Type     uint32 `json:"type"`      // OID as declared
	TypeName string `json:"type_name"` // as a person reads it: numeric(10,2)
	Base     uint32 `json:"base"`      // OID of the base type of a domain, else Type
	BaseName string `json:"base_name"` // quoted and qualified, for a cast
	Category string `json:"category"`  // typcategory of the base type: N, S, B, D, E …
	Enum     bool   `json:"enum"`
	Length   int    `json:"length"` // of varchar(n), 0 where there is no limit
	NotNull  bool   `json:"not_null"`
	Readable bool   `json:"readable"` // the role may SELECT it
	// Distinct is pg_stats.n_distinct: a number of values, or minus a share of the rows; 0 where it is not known.
	Distinct float64 `json:"distinct"`
	Width    int     `json:"width"` // average bytes of a value, 0 where it is not known
}

// Index is a valid index over all rows.
type Index struct {
	Name    string  `json:"name"`
	Numbers []int16 `json:"columns"` // of its columns in order, 0 for an expression
	Unique  bool    `json:"unique"`
	Primary bool    `json:"primary"`
}

// ForeignKey is a reference to another relation.
type ForeignKey struct {
	Name      string   `json:"name"`
	Columns   []int16  `json:"columns"`
	To        uint32   `json:"to"`
	ToColumns []int16  `json:"to_columns"`
	Equal     []string `json:"equal"` // for each pair the operator "referenced = referencing", qualified
	Valid     bool     `json:"valid"` // all rows were checked
}

// LoadRelation finds the table or view that a name means to the client, as Postgres does: by its search_path unless
// it is qualified, folded to lower case unless it is quoted. ForeignKeys is filled too, the relations they lead to
// are not loaded. A name that means none is an error 42P01 with the nearest name as its hint.
func LoadRelation(ctx context.Context, conn *pgconn.PgConn, name string) (*Relation, error) {
	c, err := load(ctx, conn, []string{name}, 0)
	if err != nil {
		return nil, err
	}
	if c.named[0] == nil {
		return nil, unknownRelation(ctx, conn, name, strings.TrimSpace(name))
	}
	return c.named[0], c.named[0].check()
}

// check refuses what holds no rows.
func (r *Relation) check() error {
	switch r.Kind {
	case Table, Partitioned, View, Materialized, Foreign:
		return nil
	}
	return failure("42809", "\"%s\" is not a table or view", r.Name)
}

// SQL is the qualified and quoted name.
func (r *Relation) SQL() string { return pgx.Identifier{r.Schema, r.Name}.Sanitize() }

// Column gives the column of that name, or an error 42703 with the nearest name as its hint.
func (r *Relation) Column(name string) (*Column, error) {
	var names []string
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i], nil
		}
		names = append(names, r.Columns[i].Name)
	}
	return nil, unknownColumn(r, name, names)
}

// byNumber gives the columns with these numbers.
func (r *Relation) byNumber(numbers []int16) []*Column {
	out := make([]*Column, len(numbers))
	for i, number := range numbers {
		for j := range r.Columns {
			if r.Columns[j].Number == number {
				out[i] = &r.Columns[j]
			}
		}
	}
	return out
}

// Key gives the names of the primary key's columns, nil where there is none.
func (r *Relation) Key() []string {
	for _, i := range r.Indexes {
		if i.Primary {
			var names []string
			for _, c := range r.byNumber(i.Numbers) {
				names = append(names, c.Name)
			}
			return names
		}
	}
	return nil
}

// Indexed reports whether an index leads with the column, so that rows are cheap to find by it.
func (r *Relation) Indexed(column string) bool {
	return r.anyIndex(column, func(i Index, number int16) bool { return i.Numbers[0] == number })
}

// Unique reports whether an index keeps the values of the column apart.
func (r *Relation) Unique(column string) bool {
	return r.anyIndex(column, func(i Index, number int16) bool {
		return i.Unique && len(i.Numbers) == 1 && i.Numbers[0] == number
	})
}

// InIndex reports whether an index has the column at any place.
func (r *Relation) InIndex(column string) bool {
	return r.anyIndex(column, func(i Index, number int16) bool { return slices.Contains(i.Numbers, number) })
}

func (r *Relation) anyIndex(column string, is func(Index, int16) bool) bool {
	c := r.find(column)
	return c != nil && slices.ContainsFunc(r.Indexes, func(i Index) bool { return is(i, c.Number) })
}

// find gives the column of that name, nil where there is none.
func (r *Relation) find(name string) *Column {
	for i := range r.Columns {
		if r.Columns[i].Name == name {
			return &r.Columns[i]
		}
	}
	return nil
}
