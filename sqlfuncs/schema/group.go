package schema

import (
	"slices"
	"strings"

	"cvp/sqlfuncs/question"
)

// baskets are names of columns that number purchases, best first, without "id" or "number" at their end.
var baskets = []string{"basket", "order", "purchase", "cart", "invoice", "receipt", "ticket", "bill", "transaction", "trip", "checkout", "visit", "session"}

// basketEnds are what may follow such a name.
var basketEnds = []string{"", "id", "no", "nr", "num", "number", "key", "code"}

// group finds the columns that say which events are one purchase; none where each event stands alone.
func (p *plan) group(named string, time, entity column) ([]column, error) {
	if named != "" {
		n, err := question.ParseName(named)
		if err != nil {
			return nil, option("group", err)
		}
		c, err := p.find(n)
		if err != nil {
			return nil, err
		}
		return []column{c}, nil
	}
	if c := p.events().relation.find(p.declared[p.events().relation].Group); c != nil {
		return []column{{p.events(), c}}, nil
	}
	if i := time.item; i != p.events() {
		return columnsOf(i.parent, i.by.columns), nil
	}
	events := p.events()
	bestColumn, rank := basket(events, entity)
	key := events.relation.Key()
	ownKey := len(key) == 1 && (entity.item != events || key[0] != entity.Name)
	// Rows of a table of orders are orders, whatever session they also belong to.
	if ownKey && tableRank(events.relation.Name) <= rank {
		return []column{{events, events.relation.find(key[0])}}, nil
	}
	if rank < len(baskets) {
		return []column{bestColumn}, nil
	}
	return nil, nil
}

// tableRank is how good a basket a row of the table is: the place of its name among baskets, their number where it
// is not one of them.
func tableRank(name string) int {
	w := words(name)
	last := w[len(w)-1]
	if rank := slices.IndexFunc(baskets, func(b string) bool { return last == b || last == b+"s" }); rank >= 0 {
		return rank
	}
	return len(baskets)
}

func columnsOf(i *item, columns []*Column) []column {
	out := make([]column, len(columns))
	for n, c := range columns {
		out[n] = column{i, c}
	}
	return out
}

// basket finds the column of the events that is named like a basket, and the place of its name among baskets: their
// number where there is none.
func basket(events *item, entity column) (column, int) {
	for rank, name := range baskets {
		for _, end := range basketEnds {
			for j := range events.relation.Columns {
				c := &events.relation.Columns[j]
				isEntity := entity.item == events && entity.Name == c.Name
				if strings.Join(words(c.Name), "") == name+end && c.Readable && !isEntity && slices.Contains([]string{"N", "S", "U"}, c.Category) {
					return column{events, c}, rank
				}
			}
		}
	}
	return column{}, len(baskets)
}
