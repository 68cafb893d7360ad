package server

import "cvp/server/frame"

const (
	begin = "BEGIN"
	// beginRepeatable gives all queries behind one statement the same snapshot. Postgres takes it only where no
	// query, and no Bind, has had a snapshot in the transaction before.
	beginRepeatable = "BEGIN ISOLATION LEVEL REPEATABLE READ"
	// serializable is the level of a session whose transactions are stricter than that by default.
	serializable = "serializable"
)

// appendRepeatable appends the begin of a transaction with one snapshot. What the session's own level is can be
// learnt only from Postgres: the begin is right if that has not changed since the call before, and settleIsolation
// mends it if it has.
func (t *takeover) appendRepeatable(dst []byte) []byte {
	sql := beginRepeatable
	if t.s.serializable {
		sql = begin
	}
	dst = t.appendCommand(dst, sql)
	return t.appendCommand(dst, "SHOW default_transaction_isolation")
}

// isolationInto takes the answer to appendRepeatable's question.
func isolationInto(isolation *string) func(body []byte) error {
	return func(body []byte) error {
		value, err := frame.FirstValue(body)
		*isolation = string(value)
		return err
	}
}

// settleIsolation begins the transaction anew if it has begun at a level that is not the session's.
func (t *takeover) settleIsolation(isolation string) error {
	if (isolation == serializable) == t.s.serializable {
		return nil
	}
	t.s.serializable = isolation == serializable
	b := t.appendCommand(nil, "ROLLBACK")
	failure, err := t.commands(t.appendRepeatable(b), nil)
	if err != nil {
		return err
	}
	if failure != nil {
		t.reply = append(t.reply, failure...)
		return errFailed
	}
	return nil
}
