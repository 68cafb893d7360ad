package source

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
)

// selection says of which entities rows are read, and in which order. The zero value is all of them in no order.
type selection struct {
	keys    []byte  // those of a binary text[]
	share   float64 // about this share of them, chosen by a hash of the key: the same ones in every table
	ordered bool    // by the bytes of the key
}

// hashed is the range of the hash of a key.
const hashed = 1 << 32

// query gives the SELECT of the table's events before asOf.
func (t *EventTable) query(asOf int64, of selection) pull.Query {
	q := pull.Query{SQL: t.All, Params: [][]byte{pull.Timestamptz(asOf)}, OIDs: []uint32{pgtype.TimestamptzOID}, Formats: []int16{1}}
	if of.keys != nil {
		q.SQL = t.Keyed
	}
	return of.apply(q)
}

// attributes gives the SELECT of the entities' own columns.
func (e *Events) attributes(of selection) pull.Query {
	q := pull.Query{SQL: e.Attributes}
	if of.keys != nil {
		q.SQL = e.AttributesKeyed
	}
	return of.apply(q)
}

// apply restricts and orders a query, which takes the keys as its last parameter where there are any.
func (s selection) apply(q pull.Query) pull.Query {
	if s.keys != nil {
		q.Params, q.OIDs, q.Formats = append(q.Params, s.keys), append(q.OIDs, pgtype.TextArrayOID), append(q.Formats, 1)
	}
	if some := s.share > 0 && s.share < 1; some || s.ordered {
		q.SQL = "SELECT * FROM (" + q.SQL + ") AS cvp_rows"
		if some {
			limit := binary.BigEndian.AppendUint64(nil, uint64(math.Ceil(s.share*hashed)))
			q.Params, q.OIDs, q.Formats = append(q.Params, limit), append(q.OIDs, pgtype.Int8OID), append(q.Formats, 1)
			q.SQL += fmt.Sprintf(" WHERE pg_catalog.hashtextextended(%s, 0) OPERATOR(pg_catalog.&) %d OPERATOR(pg_catalog.<) $%d::pg_catalog.int8",
				columnEntity, int64(hashed-1), len(q.Params))
		}
		if s.ordered {
			q.SQL += ` ORDER BY ` + columnEntity + ` COLLATE pg_catalog."C"`
		}
	}
	return q
}
