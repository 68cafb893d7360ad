package frame

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// QueryText is the text in the body of a Query.
func QueryText(body []byte) ([]byte, error) {
	s := scan{rest: body}
	text := s.text()
	if err := s.done(); err != nil {
		return nil, fmt.Errorf("read Query: %w", err)
	}
	return text, nil
}

// Statement is the body of a Parse.
type Statement struct {
	Name, SQL []byte
	// Types is the rest of the body as it came: a count and the types that the client fixes.
	Types []byte
}

// ParseStatement reads the body of a Parse.
func ParseStatement(body []byte) (Statement, error) {
	s := scan{rest: body}
	st := Statement{Name: s.text(), SQL: s.text()}
	st.Types = s.rest
	s.take(4 * s.count(4))
	if err := s.done(); err != nil {
		return Statement{}, fmt.Errorf("read Parse: %w", err)
	}
	return st, nil
}

// Binding is the body of a Bind.
type Binding struct {
	Portal, Statement []byte
	ParamFormats      []int16 // none, one for all, or one for each
	Params            [][]byte
	ResultFormats     []int16 // none, one for all, or one for each
}

// ParseBinding reads the body of a Bind. A nil parameter is NULL.
func ParseBinding(body []byte) (Binding, error) {
	s := scan{rest: body}
	b := Binding{Portal: s.text(), Statement: s.text(), ParamFormats: s.formats()}
	b.Params = make([][]byte, s.count(4))
	for i := range b.Params {
		switch n := s.int32(); {
		case n == -1:
		default:
			b.Params[i] = s.take(int(n))
		}
	}
	b.ResultFormats = s.formats()
	if err := s.done(); err != nil {
		return Binding{}, fmt.Errorf("read Bind: %w", err)
	}
	return b, nil
}

// FormatOf gives the format of parameter i under the protocol's short forms.
func (b Binding) FormatOf(i int) int16 {
	switch {
	case len(b.ParamFormats) == 0:
		return 0
	case len(b.ParamFormats) == 1:
		return b.ParamFormats[0]
	case i < len(b.ParamFormats):
		return b.ParamFormats[i]
	}
	return 0
}

// PortalAndLimit reads the body of an Execute.
func PortalAndLimit(body []byte) (portal []byte, limit int32, err error) {
	s := scan{rest: body}
	portal, limit = s.text(), s.int32()
	if err := s.done(); err != nil {
		return nil, 0, fmt.Errorf("read Execute: %w", err)
	}
	return portal, limit, nil
}

// Target reads the body of a Close or Describe: 'S' and a statement, or 'P' and a portal.
func Target(body []byte) (kind byte, name []byte, err error) {
	s := scan{rest: body}
	kind, name = s.byte(), s.text()
	if err := s.done(); err != nil {
		return 0, nil, fmt.Errorf("read Close or Describe: %w", err)
	}
	return kind, name, nil
}

// AppendQuery appends a Query.
func AppendQuery(dst []byte, sql string) []byte {
	dst, at := begin(dst, Query)
	return end(appendText(dst, sql), at)
}

// AppendParse appends a Parse; types as in Statement.Types.
func AppendParse(dst []byte, name, sql string, types []byte) []byte {
	dst, at := begin(dst, Parse)
	dst = appendText(appendText(dst, name), sql)
	return end(append(dst, types...), at)
}

// Types encodes the types of parameters as AppendParse takes them.
func Types(oids []uint32) []byte {
	dst := binary.BigEndian.AppendUint16(nil, uint16(len(oids)))
	for _, oid := range oids {
		dst = binary.BigEndian.AppendUint32(dst, oid)
	}
	return dst
}

// AppendBind appends a Bind.
func AppendBind(dst []byte, portal, statement string, paramFormats []int16, params [][]byte, resultFormats []int16) []byte {
	dst, at := begin(dst, Bind)
	dst = appendText(appendText(dst, portal), statement)
	dst = appendFormats(dst, paramFormats)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(params)))
	for _, p := range params {
		if p == nil {
			dst = binary.BigEndian.AppendUint32(dst, 0xffffffff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p)))
		dst = append(dst, p...)
	}
	return end(appendFormats(dst, resultFormats), at)
}

// inline is up to which size a parameter is copied into its frame.
const inline = 64 << 10

// BindParts is AppendBind in pieces to be written one after the other: large parameters are not copied. What follows in
// dst's frame comes first.
func BindParts(dst []byte, portal, statement string, paramFormats []int16, params [][]byte, resultFormats []int16) [][]byte {
	large := 0
	for _, p := range params {
		if len(p) > inline {
			large += len(p)
		}
	}
	dst, at := begin(dst, Bind)
	dst = appendText(appendText(dst, portal), statement)
	dst = appendFormats(dst, paramFormats)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(params)))
	first, parts, size := dst, [][]byte(nil), 0 // size is of the pieces behind the first
	for _, p := range params {
		if p == nil {
			dst = binary.BigEndian.AppendUint32(dst, 0xffffffff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(p)))
		if len(p) <= inline {
			dst = append(dst, p...)
			continue
		}
		if parts == nil {
			first = dst
		} else {
			size += len(dst)
		}
		parts = append(parts, dst, p)
		dst = nil
	}
	dst = appendFormats(dst, resultFormats)
	if parts == nil {
		return [][]byte{end(dst, at)}
	}
	parts = append(parts, dst)
	binary.BigEndian.PutUint32(first[at:], uint32(len(first)-at+size+len(dst)+large))
	parts[0] = first
	return parts
}

// AppendDescribe appends a Describe of a statement ('S') or portal ('P').
func AppendDescribe(dst []byte, kind byte, name string) []byte {
	return appendTarget(dst, Describe, kind, name)
}

// AppendClose appends a Close of a statement ('S') or portal ('P').
func AppendClose(dst []byte, kind byte, name string) []byte {
	return appendTarget(dst, Close, kind, name)
}

// AppendExecute appends an Execute; limit 0 is all rows.
func AppendExecute(dst []byte, portal string, limit int32) []byte {
	dst, at := begin(dst, Execute)
	dst = appendText(dst, portal)
	return end(binary.BigEndian.AppendUint32(dst, uint32(limit)), at)
}

// AppendFlush appends a Flush.
func AppendFlush(dst []byte) []byte { return append(dst, Flush, 0, 0, 0, 4) }

// AppendSync appends a Sync.
func AppendSync(dst []byte) []byte { return append(dst, Sync, 0, 0, 0, 4) }

func appendTarget(dst []byte, frame, kind byte, name string) []byte {
	dst, at := begin(dst, frame)
	dst = append(dst, kind)
	return end(appendText(dst, name), at)
}

func appendFormats(dst []byte, formats []int16) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(formats)))
	for _, f := range formats {
		dst = binary.BigEndian.AppendUint16(dst, uint16(f))
	}
	return dst
}

// appendText appends a NUL-terminated text; a NUL inside would end it early and shift every later field.
func appendText(dst []byte, text string) []byte {
	if i := strings.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	return append(append(dst, text...), 0)
}
