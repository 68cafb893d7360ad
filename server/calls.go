package server

import "cvp/server/frame"

// calls are the prepared statements and portals of a client that are ours. While there are none, no Bind,
// Execute or Close is looked at.
//
// An entry may outlive what it stands for: DEALLOCATE, DISCARD and the end of a transaction are not seen here.
// That is harmless: an Execute goes by the backend's own answer about the portal, and a name that the client
// parses or binds again is replaced.
type calls struct {
	statements map[string]*prepared
	portals    map[string]*portal
	// movers are the texts of statements of the client's that may hold a FETCH or MOVE, while there is something of ours.
	movers map[string][]byte
	// unnamed is the client's last Parse of the unnamed statement as it was forwarded: pgconn's own queries
	// replace that statement.
	unnamed []byte

	// changes are those that frames of one segment have made to the statements, for a backend that has discarded
	// some of these frames.
	changes []change
	segment int64
}

// change is one of a Parse or a Close, which is which of its segment; the other is 0.
type change struct {
	parse, close int
	undo         func()
}

// note keeps how to undo a change.
func (c *calls) note(segment int64, ch change) {
	c.segment = segment
	c.changes = append(c.changes, ch)
}

// settle ends the segment of the changes, where f tells how it has failed; nil is for one that has not.
func (c *calls) settle(f *failure) {
	for i := len(c.changes) - 1; i >= 0 && f != nil; i-- {
		if ch := c.changes[i]; ch.parse > f.parses || ch.close > f.closes {
			ch.undo()
		}
	}
	c.changes = c.changes[:0]
}

// keeping gives what puts a statement back as it is now.
func (c *calls) keeping(name string) (undo func()) {
	p, unnamed := c.statements[name], c.unnamed
	return func() {
		delete(c.statements, name)
		if p != nil {
			c.statements[name] = p
		}
		if name == "" {
			c.unnamed = unnamed
		}
	}
}

// prepared is a statement of ours that the client has parsed.
type prepared struct {
	Statement
	types []byte // those that the client fixed, as frame.Statement.Types
	// params are the types of all parameters, known after the first execution.
	params []uint32
}

// portal is a bound statement of ours that has not been executed.
type portal struct {
	statement *prepared
	binding   frame.Binding // its bytes are the portal's own
	segment   int64         // in which it was bound
}

func newCalls() calls {
	return calls{statements: map[string]*prepared{}, portals: map[string]*portal{}, movers: map[string][]byte{}}
}

func (c *calls) any() bool { return len(c.statements) > 0 || len(c.portals) > 0 || len(c.changes) > 0 }

// parse notes a Parse that is forwarded: the name is the given statement's, or Postgres's own where it is nil.
func (c *calls) parse(name string, p *prepared, forwarded []byte) {
	delete(c.statements, name)
	if p != nil {
		c.statements[name] = p
	}
	if name != "" {
		return
	}
	c.unnamed = nil
	if c.any() {
		c.unnamed = append([]byte(nil), forwarded...)
	}
}

// manyPortals is from how many on those of transactions that are over are looked for.
const manyPortals = 64

// bind notes a Bind that is forwarded in a segment; idle is the last one before which no transaction was open.
func (c *calls) bind(body []byte, segment, idle int64) {
	if len(c.portals) >= manyPortals {
		for name, p := range c.portals {
			if idle > p.segment {
				delete(c.portals, name)
			}
		}
	}

	b, err := frame.ParseBinding(body)
	if err != nil {
		return // the backend says what is wrong with it
	}
	c.forget(string(b.Portal))
	st, ours := c.statements[string(b.Statement)]
	if !ours {
		return
	}
	own, err := frame.ParseBinding(append([]byte(nil), body...))
	if err != nil {
		return
	}
	c.portals[string(b.Portal)] = &portal{statement: st, binding: own, segment: segment}
}

// forget drops a portal: it is gone, or Postgres's own.
func (c *calls) forget(name string) { delete(c.portals, name) }

// close notes a Close that is forwarded, which of its segment is in closes.
func (c *calls) close(body []byte, segment int64, closes int) {
	kind, name, err := frame.Target(body)
	switch {
	case err != nil:
	case kind == 'S':
		c.note(segment, change{close: closes, undo: c.keeping(string(name))})
		delete(c.statements, string(name))
	case kind == 'P':
		c.forget(string(name))
	}
}

// query notes a Query that is forwarded: it drops what has no name.
func (c *calls) query() {
	delete(c.statements, "")
	c.forget("")
	c.unnamed = nil
}

// endTransaction notes that every portal is gone.
func (c *calls) endTransaction() { clear(c.portals) }
