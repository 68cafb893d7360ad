package server

import "cvp/server/frame"

// late gathers the parameters that change in a query string. Postgres reports each at the end of the string, and
// only if it differs from what the client knows; of us it reports them whenever one of our own queries ends.
type late struct {
	names  []string
	latest map[string][]byte // the last ParameterStatus for a name
	known  map[string]string // what the client knows
}

func newLate(known map[string]string) *late { return &late{latest: map[string][]byte{}, known: known} }

// add takes a ParameterStatus.
func (l *late) add(f []byte) {
	name, _, err := frame.Parameter(f[frame.HeadLen:])
	if err != nil {
		return
	}
	if l.latest[name] == nil {
		l.names = append(l.names, name)
	}
	l.latest[name] = append([]byte(nil), f...)
}

// appendTo appends what the client has to be told.
func (l *late) appendTo(dst []byte) []byte {
	if l == nil {
		return dst
	}
	for _, name := range l.names {
		f := l.latest[name]
		if _, value, err := frame.Parameter(f[frame.HeadLen:]); err == nil && value != l.known[name] {
			dst = append(dst, f...)
		}
	}
	return dst
}
