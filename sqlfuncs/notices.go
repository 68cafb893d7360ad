package sqlfuncs

import (
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// progressInterval is the least time between two progress notices.
const progressInterval = 500 * time.Millisecond

// notices sends NOTICE messages to the client of a statement. It is safe for concurrent use.
type notices struct {
	send func(*pgconn.Notice)

	mu       sync.Mutex
	progress bool
	last     time.Time
}

func newNotices(send func(*pgconn.Notice)) *notices { return &notices{send: send, progress: true} }

// say tells the client something that it should know.
func (n *notices) say(hint, format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.send(notice(hint, fmt.Sprintf(format, args...)))
}

// step tells how far a long call is; at most every progressInterval, not at all after SET cvp.progress = off.
func (n *notices) step(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := time.Now(); n.progress && now.Sub(n.last) >= progressInterval {
		n.last = now
		n.send(notice("", fmt.Sprintf(format, args...)))
	}
}

func notice(hint, message string) *pgconn.Notice {
	return &pgconn.Notice{Severity: "NOTICE", SeverityUnlocalized: "NOTICE", Code: "00000", Message: message, Hint: hint}
}
