package server

import "cvp/server/frame"

// renaming keeps the client's unnamed statement and portal out of the way of the engine's queries: pgconn's own
// unnamed ones get a name. A portal that the client has read in part is not to be had back once it is replaced.
//
// What has no name may be made again and again; what has one must be closed first.
type renaming struct {
	name    string
	partial []byte // of a frame that is not there in full
	out     [][]byte
	used    bool // something of that name was made
	dropped bool // a simple Query went past, which drops what has no name
}

// frames gives what is to be sent in place of b. It aliases b, which is not changed.
func (r *renaming) frames(b []byte) [][]byte {
	if len(r.partial) > 0 {
		b = append(r.partial, b...)
		r.partial = nil
	}
	r.out = r.out[:0]
	from, pos := 0, 0
	for len(b)-pos >= frame.HeadLen {
		size, err := frame.Size(b[pos:])
		if err != nil {
			return append(r.out, b[from:]) // nothing that pgconn writes: the backend says so
		}
		if len(b)-pos < size {
			break
		}
		if own, rest := r.renamed(b[pos : pos+size]); own != nil {
			r.out = append(r.out, b[from:pos], own)
			from = pos + size - len(rest)
		}
		pos += size
	}
	r.partial = append([]byte(nil), b[pos:]...)
	return append(r.out, b[from:pos])
}

// renamed gives what a frame begins with instead, and the rest of it that stays as it is; nil is for a frame that
// has names already.
func (r *renaming) renamed(f []byte) (own, rest []byte) {
	body := f[frame.HeadLen:]
	switch f[0] {
	case frame.Query:
		r.dropped = true
	case frame.Parse:
		if len(body) > 0 && body[0] == 0 {
			r.used = true
			return r.begin(frame.AppendClose(nil, 'S', r.name), f, nil, 1)
		}
	case frame.Bind:
		return r.bind(f)
	case frame.Execute:
		if len(body) > 0 && body[0] == 0 {
			return r.begin(nil, f, nil, 1)
		}
	case frame.Describe, frame.Close:
		if len(body) > 1 && body[1] == 0 {
			return r.begin(nil, f, body[:1], 2)
		}
	}
	return nil, nil
}

// bind renames the portal or the statement of a Bind, or both.
func (r *renaming) bind(f []byte) (own, rest []byte) {
	b, err := frame.ParseBinding(f[frame.HeadLen:])
	switch {
	case err != nil || len(b.Portal) > 0 && len(b.Statement) > 0:
		return nil, nil
	case len(b.Portal) > 0:
		return r.begin(nil, f, append(b.Portal, 0), len(b.Portal)+2)
	case len(b.Statement) > 0:
		return r.begin(frame.AppendClose(nil, 'P', r.name), f, nil, 1)
	}
	return r.begin(frame.AppendClose(nil, 'P', r.name), f, append([]byte(r.name), 0), 2)
}

// begin appends the head of a frame, what its body begins with and the name, in place of the first so many bytes
// of its body.
func (r *renaming) begin(dst, f, before []byte, replaced int) (own, rest []byte) {
	rest = f[frame.HeadLen+replaced:]
	dst = append(dst, f[0], 0, 0, 0, 0)
	putUint32(dst[len(dst)-4:], uint32(4+len(before)+len(r.name)+1+len(rest)))
	return append(append(append(dst, before...), r.name...), 0), rest
}

// end appends what closes all of that name, if there is something; it counts as one more command of ours.
func (r *renaming) end(dst []byte, commands int) ([]byte, int) {
	if !r.used {
		return dst, commands
	}
	r.used = false
	return frame.AppendClose(frame.AppendClose(dst, 'P', r.name), 'S', r.name), commands + 1
}
