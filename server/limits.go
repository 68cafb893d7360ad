package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cvp/server/frame"
)

// limits are those timeouts of a client's session that a call has to deal with itself, because Postgres sees of
// it only queries and the pauses between them.
//
//	statement_timeout                     counts for the call as a whole, as for one statement
//	idle_in_transaction_session_timeout   does not count while the engine works: the client is not idle
//
// transaction_timeout needs nothing: Postgres counts it over all that a call does. idle_session_timeout counts
// only outside of transactions, where a call never is.
//
// What is changed is changed by SET LOCAL, which every failure undoes, also ROLLBACK TO a savepoint; after a
// success the values are set back with the final statement.
type limits struct {
	began     time.Time
	statement string // as SHOW gives it
	idle      string
	lifted    bool // idle is off at the moment
	shown     int  // values that have come so far
}

// noLimit is how SHOW gives a timeout that is off.
const noLimit = "0"

// errStatementTimeout is the cause of a call's context that has taken as long as statement_timeout allows.
var errStatementTimeout = errors.New("statement timeout")

// limitsToShow are the settings that askLimits asks for, in the order of their answers.
var limitsToShow = [...]string{"statement_timeout", "idle_in_transaction_session_timeout"}

// askLimits appends the question for a session's limits: SHOW needs no snapshot and obeys no search_path.
func (t *takeover) askLimits(dst []byte) []byte {
	for _, name := range limitsToShow {
		dst = t.appendCommand(dst, "SHOW "+name)
	}
	return dst
}

// show takes an answer to askLimits, the body of a DataRow.
func (l *limits) show(body []byte) error {
	value, err := frame.FirstValue(body)
	if err != nil {
		return err
	}
	switch l.shown++; l.shown {
	case 1:
		l.statement = string(value)
	case 2:
		l.idle = string(value)
	}
	return nil
}

// bound ends a call's context when the call has taken as long as one statement may.
func (l *limits) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	limit, ok := parseDuration(l.statement)
	if !ok || limit == 0 {
		return ctx, func() {}
	}
	return context.WithDeadlineCause(ctx, l.began.Add(limit), errStatementTimeout)
}

// lift keeps Postgres from ending the session while the engine works. It costs a round trip where the timeout is
// set, and nothing where it is not.
func (t *takeover) lift(l *limits) error {
	if l.idle == noLimit || l.idle == "" {
		return nil
	}
	failure, err := t.command("SET LOCAL idle_in_transaction_session_timeout = 0")
	if err != nil {
		return err
	}
	if failure != nil {
		t.reply = append(t.reply, failure...)
		return errFailed
	}
	l.lifted = true
	return nil
}

// soon is how long a machine may be too busy to score single keys.
const soon = 10 * time.Second

// idleSoon says that Postgres might end the session even while the engine scores single keys.
func (l *limits) idleSoon() bool {
	limit, ok := parseDuration(l.idle)
	return !ok || limit > 0 && limit < soon
}

// before appends what goes ahead of the final statement: the idle timeout comes back, and the statement has what
// is left of its time. shortened says that after has to follow.
func (t *takeover) before(l *limits, dst []byte) (b []byte, commands int, shortened bool) {
	if l.lifted {
		dst = t.appendCommand(dst, setLocal("idle_in_transaction_session_timeout", l.idle))
		commands++
	}
	limit, ok := parseDuration(l.statement)
	took := time.Since(l.began)
	if !ok || took < limit/100 || limit == 0 {
		return dst, commands, false // a hundredth more or less is not worth two commands
	}
	left := max(limit-took, time.Millisecond)
	dst = t.appendCommand(dst, setLocal("statement_timeout", strconv.FormatInt(left.Milliseconds(), 10)))
	return dst, commands + 1, true
}

// after appends what gives the client its statement_timeout back.
func (t *takeover) after(l *limits, dst []byte) []byte {
	return t.appendCommand(dst, setLocal("statement_timeout", l.statement))
}

func setLocal(name, value string) string { return fmt.Sprintf("SET LOCAL %s = '%s'", name, value) }

// durationUnits are those in which Postgres shows a timeout.
var durationUnits = map[string]time.Duration{
	"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour,
}

// parseDuration reads a timeout as Postgres shows it.
func parseDuration(shown string) (time.Duration, bool) {
	digits := strings.TrimRight(shown, "abcdefghijklmnopqrstuvwxyz")
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, ok := durationUnits[shown[len(digits):]]
	if err != nil || !ok || n < 0 || n > int64(1<<62)/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
