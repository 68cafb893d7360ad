package question

import "strings"

// Pos is a place in Question.Text as a byte offset from 0.
type Pos int

// Name is a column of a table, or all of its columns, as a question spells it. Its parts are what SQL makes of
// them: folded to lower case unless they were quoted.
type Name struct {
	Schema string // empty: found by the search_path
	Table  string // empty: only where ParseName reads a bare column
	Column string // empty: all columns (table.*)
	Pos    Pos    // of the first part
	// ColumnPos is where the column's own part begins.
	ColumnPos Pos
}

// String gives the name as SQL reads it, quoted where it must be.
func (n Name) String() string {
	column := "*"
	if n.Column != "" {
		column = Quote(n.Column)
	}
	if n.Table == "" {
		return column
	}
	return n.Relation() + "." + column
}

// Relation gives the table's part of the name as SQL reads it.
func (n Name) Relation() string {
	if n.Schema == "" {
		return Quote(n.Table)
	}
	return Quote(n.Schema) + "." + Quote(n.Table)
}

// Quote gives an identifier as people write it in a question: in double quotes only where it needs them.
func Quote(identifier string) string {
	plain := identifier != ""
	for i := range len(identifier) {
		c := identifier[i]
		if c == '"' || !isNamePart(c) || 'A' <= c && c <= 'Z' || i == 0 && !isNameStart(c) {
			plain = false
		}
	}
	if plain {
		return identifier
	}
	return `"` + strings.ReplaceAll(identifier, `"`, `""`) + `"`
}

// ParseName reads a name that stands alone, as options do: column, table.column or schema.table.column.
func ParseName(s string) (Name, error) {
	p, err := newParser(s)
	if err != nil {
		return Name{}, err
	}
	n, err := p.name()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return Name{}, err
	}
	if n.Column == "" {
		return Name{}, fail(s, int(n.Pos), "Name one column.", "a column is needed here, not all of %s", n.Relation())
	}
	return n, nil
}

// Link says that rows of one table belong to a row of another: From refers to To.
type Link struct {
	From, To Name
}

// String gives the link as ParseLink reads it.
func (l Link) String() string { return l.From.String() + " = " + l.To.String() }

// ParseLink reads a link between two tables, as options name it: transactions.hh = households.household_id.
func ParseLink(s string) (Link, error) {
	p, err := newParser(s)
	if err != nil {
		return Link{}, err
	}
	var l Link
	if l.From, err = p.column(); err != nil {
		return Link{}, err
	}
	if !p.takeMark("=") {
		return Link{}, p.unexpected("A link is written: events.customer = customers.customer_id.")
	}
	if l.To, err = p.column(); err != nil {
		return Link{}, err
	}
	if err = p.end(); err != nil {
		return Link{}, err
	}
	return l, nil
}
