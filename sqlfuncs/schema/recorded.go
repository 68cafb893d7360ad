package schema

import (
	"fmt"

	"cvp/sqlfuncs/question"
)

// recordedName is the name of a column that is taken for the moment since when a row is known, if nothing else is said.
const recordedName = "recorded_at"

// findRecorded finds since when events are known: what an option or a declaration names, else a column of that name in the
// table that has the time. Without one an event is known at once.
func (s *sourcing) findRecorded() error {
	out := s.out
	if s.o.Recorded != "" {
		c, err := out.plan.namedTime(s.o.Recorded, "recorded")
		if err != nil {
			return err
		}
		out.recorded = &c
		return nil
	}
	events := out.plan.events()
	if c := events.relation.find(out.plan.declared[events.relation].Recorded); c != nil && c.isTime() && c.Readable {
		out.recorded = &column{events, c}
		return nil
	}
	item := out.time.item
	if c := item.relation.find(recordedName); c != nil && c.isTime() && c.Readable && c != out.time.Column {
		out.recorded = &column{item, c}
		s.note(fmt.Sprintf("rows of %s are known from %s on", question.Quote(item.relation.Name), out.recorded))
	}
	return nil
}

// HasRecorded says whether the event query has the column cvp_recorded.
func (s *EventSource) HasRecorded() bool { return s.recorded != nil }
