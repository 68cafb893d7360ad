package catalog

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Meaning is a query that tells which version a name means now to the role that asks. It is for whoever has resolved
// the name before and wants to know whether that still holds: where it gives no row, Resolve says why. It reads the
// tables themselves, which costs a prepared statement a seventh of what Resolve does.
type Meaning struct {
	SQL    string
	OIDs   []uint32
	Params [][]byte // in binary
}

// meaningSQL gives the database, the version, and whether the caller has reason to trust the model's owner, as describe
// does. What follows are expressions, and where the version is picked.
const (
	meaningSQL = `
SELECT (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()), v.id,
       pg_catalog.pg_get_userbyid(m.owner::pg_catalog.oid) OPERATOR(pg_catalog.=) current_user OR cvp.trusts(m.owner::pg_catalog.oid)`
	meaningOf = `
FROM cvp.models AS m JOIN cvp.versions AS v ON v.model_id OPERATOR(pg_catalog.=) m.id
WHERE m.name OPERATOR(pg_catalog.=) $1 AND `
)

// MeaningOf gives the query for churn, churn@3 or churn@live; ok is false for any other text. expressions of type text
// are evaluated along with it; they must not name what m and v stand for.
func MeaningOf(ref string, expressions ...string) (m Meaning, ok bool) {
	name, alias, versioned := strings.Cut(ref, "@")
	m = Meaning{OIDs: []uint32{pgtype.TextOID}, Params: [][]byte{[]byte(name)}}
	condition := "v.deployed"
	if versioned && alias != "live" {
		n, err := strconv.ParseUint(alias, 10, 31)
		if err != nil || len(alias) > 9 {
			return Meaning{}, false
		}
		condition = "v.version OPERATOR(pg_catalog.=) $2"
		m.OIDs = append(m.OIDs, pgtype.Int4OID)
		m.Params = append(m.Params, binary.BigEndian.AppendUint32(nil, uint32(n)))
	}
	m.SQL = strings.Join(append([]string{meaningSQL}, expressions...), ",\n") + meaningOf + condition
	return m, true
}

// ReadMeaning reads the answer to a Meaning: binary values, of which those of its expressions are given back.
func ReadMeaning(values [][]byte) (id ID, trusted bool, expressions [][]byte, err error) {
	if len(values) < 3 || len(values[0]) != 4 || len(values[1]) != len(id.Version) {
		return ID{}, false, nil, fmt.Errorf("read what a model's name means: not a version")
	}
	id.Database = binary.BigEndian.Uint32(values[0])
	copy(id.Version[:], values[1])
	return id, len(values[2]) == 1 && values[2][0] == 1, values[3:], nil
}
