// Package views knows the views of a database that hold an engine call, and writes them out in the statements
// that read them, so that such a statement is planned like one that holds the call itself.
package views

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// Names are the bare names of a database's views that may hold an engine call, directly or through another view.
// There may be names among them that no longer do: whoever finds one in a statement asks the database.
type Names struct {
	// known is replaced as a whole: it is read for every query string of every session.
	known atomic.Pointer[map[string][]byte]

	mu      sync.Mutex
	learned time.Time
	asking  bool
	added   map[string]time.Time // when Add was called
}

// stale is how old what was learned may be when a session starts. Views that are made through the server are known
// at once.
const stale = time.Minute

// uncommitted is how long a view that is made through the server is known without being seen by another session: its
// transaction may take that long.
const uncommitted = time.Hour

// Due reports whether the names should be looked up again, and says so to one caller until Learned.
func (n *Names) Due() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asking || time.Since(n.learned) < stale {
		return false
	}
	n.asking = true
	return true
}

// Learned sets the names that the database has given; nil, where it has not, leaves those that are known.
func (n *Names) Learned(names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asking, n.learned = false, time.Now()
	if names == nil {
		return
	}
	for name, at := range n.added {
		if time.Since(at) > uncommitted {
			delete(n.added, name)
		} else {
			names = append(names, name) // who has asked the database may not see it yet
		}
	}
	n.set(names, nil)
}

// Add adds names of views that are being made.
func (n *Names) Add(names ...string) {
	if len(names) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.added == nil {
		n.added = map[string]time.Time{}
	}
	for _, name := range names {
		n.added[name] = time.Now()
	}
	n.set(names, n.load())
}

func (n *Names) set(names []string, before map[string][]byte) {
	next := make(map[string][]byte, len(names)+len(before))
	for name, folded := range before {
		next[name] = folded
	}
	for _, name := range names {
		next[name] = bytes.ToLower([]byte(name))
	}
	n.known.Store(&next)
}

func (n *Names) load() map[string][]byte {
	if known := n.known.Load(); known != nil {
		return *known
	}
	return nil
}

// Has reports whether a relation of that name may be one of the views.
func (n *Names) Has(relation string) bool {
	_, ok := n.load()[relation]
	return ok
}

// Mentions reports whether a query string may name one of the views. A false answer is certain.
func (n *Names) Mentions(sql []byte) bool {
	known := n.load()
	if len(known) == 0 {
		return false
	}
	folded := bytes.ToLower(sql)
	for _, name := range known {
		if bytes.Contains(folded, name) {
			return true
		}
	}
	return bytes.Contains(folded, []byte(`u&"`)) // may spell any name
}
