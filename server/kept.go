package server

import (
	"fmt"

	"cvp/server/frame"
)

// kept are statements of the server's own that stay prepared on a session's backend, so that Postgres need not parse
// and plan them for every call. The client may drop them without our seeing it (DEALLOCATE ALL, DISCARD ALL), and
// behind a pooler the backend may be another one: whoever uses them has to be able to do without.
type kept struct {
	prefix string            // of their names
	names  map[string]string // by parameter types and text
	given  int               // names so far: none is given twice, so none is ever taken
	stale  []string          // names that may still stand for something
	misses int               // how often one was missing since they were last of use
}

const (
	// mostKept bounds what a session's backend holds for us.
	mostKept = 64
	// mostMisses is after how many misses a session does without for good.
	mostMisses = 3
)

// keeping is a statement on its way to be kept.
type keeping struct{ key, name string }

// isOff says that statements do not stay prepared in this session.
func (k *kept) isOff() bool { return k.misses >= mostMisses }

// use gives the name of a statement, and appends its Parse to dst where it is not kept yet: it is once keep is told.
func (k *kept) use(dst []byte, sql string, oids []uint32) ([]byte, string, *keeping) {
	key := string(frame.Types(oids)) + sql // types begin with their number
	if name, ok := k.names[key]; ok {
		return dst, name, nil
	}
	k.given++
	p := &keeping{key: key, name: fmt.Sprintf("%s-%d", k.prefix, k.given)}
	return frame.AppendParse(dst, p.name, sql, frame.Types(oids)), p.name, p
}

// keep notes that Postgres has prepared a statement.
func (k *kept) keep(p *keeping) {
	if k.names == nil {
		k.names = map[string]string{}
	}
	k.names[p.key] = p.name
}

// doubt notes a statement of which it is not known whether Postgres has prepared it.
func (k *kept) doubt(p *keeping) { k.stale = append(k.stale, p.name) }

// miss notes that one was not there, or did not do: all are prepared anew.
func (k *kept) miss() {
	k.misses++
	k.drop()
}

func (k *kept) drop() {
	for _, name := range k.names {
		k.stale = append(k.stale, name)
	}
	clear(k.names)
}

// appendStale appends what closes the statements that are of no use any more. Closing what is not there is no error.
func (k *kept) appendStale(dst []byte) []byte {
	if len(k.names) > mostKept {
		k.drop()
	}
	for _, name := range k.stale {
		dst = frame.AppendClose(dst, 'S', name)
	}
	k.stale = k.stale[:0]
	return dst
}
