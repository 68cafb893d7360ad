package schema

import (
	"fmt"
	"unicode/utf8"

	"cvp/sqlfuncs/question"
)

// Names of the columns of the event query that mean something to the engine; attributes have the first.
const (
	entityColumn   = "cvp_entity"
	timeColumn     = "cvp_time"
	recordedColumn = "cvp_recorded"
	groupColumn    = "cvp_group"
	valueColumn    = "cvp_value"
	matchColumn    = "cvp_match"
	flagColumn     = "cvp_flag"
	targetColumn   = "cvp_target"
)

// maxName is the length at which Postgres cuts a name (NAMEDATALEN - 1 bytes).
const maxName = 63

// namer keeps the names that are taken.
type namer map[string]bool

// name gives a column of the result the column's own name, with its table's where that is taken.
func (n namer) name(i *item, c *Column) string {
	name := c.Name
	if n[name] {
		name = question.Name{Table: i.relation.Name, Column: c.Name}.String()
	}
	base := cut(name, maxName)
	name = base
	for k := 2; n[name]; k++ {
		end := fmt.Sprintf("_%d", k)
		name = cut(base, maxName-len(end)) + end
	}
	n[name] = true
	return name
}

// cut shortens a name to so many bytes of whole characters.
func cut(name string, length int) string {
	if len(name) <= length {
		return name
	}
	for !utf8.RuneStart(name[length]) {
		length--
	}
	return name[:length]
}
