package server

import (
	"bytes"
	"testing"

	"cvp/server/frame"
)

func TestRenamingGivesNamesToWhatHasNone(t *testing.T) {
	params := [][]byte{[]byte("x"), nil}
	whole := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	closing := func(kind byte) []byte { return frame.AppendClose(nil, kind, "own") }
	for _, c := range []struct {
		name     string
		in, want []byte
	}{
		{"a parse", frame.AppendParse(nil, "", "SELECT 1", frame.Types(nil)), whole(closing('S'), frame.AppendParse(nil, "own", "SELECT 1", frame.Types(nil)))},
		{"a parse with a name", frame.AppendParse(nil, "s", "SELECT 1", frame.Types(nil)), frame.AppendParse(nil, "s", "SELECT 1", frame.Types(nil))},
		{"a bind of both", frame.AppendBind(nil, "", "", []int16{1}, params, nil), whole(closing('P'), frame.AppendBind(nil, "own", "own", []int16{1}, params, nil))},
		{"a bind of the portal", frame.AppendBind(nil, "", "s", nil, params, nil), whole(closing('P'), frame.AppendBind(nil, "own", "s", nil, params, nil))},
		{"a bind of the statement", frame.AppendBind(nil, "p", "", nil, params, nil), frame.AppendBind(nil, "p", "own", nil, params, nil)},
		{"a bind of neither", frame.AppendBind(nil, "p", "s", nil, params, nil), frame.AppendBind(nil, "p", "s", nil, params, nil)},
		{"the rest", whole(frame.AppendDescribe(nil, 'P', ""), frame.AppendExecute(nil, "", 7), frame.AppendClose(nil, 'S', ""), frame.AppendSync(nil)),
			whole(frame.AppendDescribe(nil, 'P', "own"), frame.AppendExecute(nil, "own", 7), closing('S'), frame.AppendSync(nil))},
		{"a query", frame.AppendQuery(nil, "SELECT 1"), frame.AppendQuery(nil, "SELECT 1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			for size := 1; size <= len(c.in); size++ {
				r := renaming{name: "own"}
				var got []byte
				for in := c.in; len(in) > 0; {
					n := min(size, len(in))
					got = append(got, bytes.Join(r.frames(in[:n]), nil)...)
					in = in[n:]
				}
				if !bytes.Equal(got, c.want) {
					t.Fatalf("in pieces of %d: %q becomes %q, want %q", size, c.in, got, c.want)
				}
			}
		})
	}
}

// FuzzRenaming gives it what pgconn would never write.
func FuzzRenaming(f *testing.F) {
	f.Add(frame.AppendBind(nil, "", "", nil, nil, nil), 3)
	f.Add([]byte("P\x00\x00\x00\x04D\x00\x00\x00\x05S"), 100)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		r := renaming{name: "own"}
		for len(b) > 0 {
			n := max(1, min(size, len(b)))
			r.frames(b[:n])
			b = b[n:]
		}
	})
}
