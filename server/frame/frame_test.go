package frame

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgproto3/v2"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestMentions(t *testing.T) {
	for sql, want := range map[string]bool{
		"":                                     false,
		"SELECT 1":                             false,
		"SELECT cvp_predict(1)":                true,
		"SELECT CVP_Predict(1)":                true,
		"cvp_":                                 true,
		"cvp":                                  false,
		"vp_":                                  false,
		"_cvp":                                 false,
		"a_b_c_d_cv_p_":                        false,
		"a_b_cvp_d":                            true,
		`SELECT "cvp_predict"(1)`:              true,
		`SELECT U&"cvp\005fpredict"(1)`:        true,
		`SELECT u&"\0063vp_predict"(1)`:        true,
		`SELECT U& "x"`:                        false,
		`SELECT a&"x"`:                         false,
		`SELECT '&' & U&'x'`:                   false,
		"&":                                    false,
		"U&":                                   false,
		strings.Repeat("_", 1000) + "cvp_":     true,
		strings.Repeat("x_", 1000) + "CVP_x()": true,
	} {
		if got := Mentions([]byte(sql)); got != want {
			t.Errorf("Mentions(%.40q) is %v, want %v", sql, got, want)
		}
	}
}

func TestAHintTakesTheOldOnesPlace(t *testing.T) {
	for _, body := range []string{"SERROR\x00C42883\x00Hold\x00P7\x00\x00", "SERROR\x00C42883\x00P7\x00\x00", "SERROR\x00C42883\x00P7"} {
		got := WithHint([]byte(body), "new")
		if Field(got, 'H') != "new" || Field(got, 'C') != "42883" || bytes.Count(got, []byte("H")) != 1 || !bytes.HasSuffix(got, []byte{0, 0}) {
			t.Errorf("%q became %q", body, got)
		}
	}
}

func TestMentionsExecute(t *testing.T) {
	for sql, want := range map[string]bool{
		"EXECUTE p": true, "/* */ execute p(1)": true, "CREATE TABLE x AS ExEcUtE p": true, "SELECT 'executes'": true,
		"": false, "x": false, "xecute": false, "execut": false, "exexecutx": false, "SELECT max(x)": false, "exexecute": true,
	} {
		if got := MentionsExecute([]byte(sql)); got != want {
			t.Errorf("MentionsExecute(%q) is %v, want %v", sql, got, want)
		}
	}
}

func TestMentionsAllocatesNothing(t *testing.T) {
	sql := []byte(strings.Repeat("SELECT column_name, u & v FROM some_table WHERE other_column = 1; ", 100))
	if n := testing.AllocsPerRun(100, func() { Mentions(sql) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSizeRefusesLengthsThatNoPeerSends(t *testing.T) {
	for length, want := range map[int32]int{4: 5, 100: 101, MaxBody + 4: MaxBody + 5, 3: 0, 0: 0, -1: 0, -1 << 31: 0, 1<<31 - 1: 0} {
		b := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(length))
		got, err := Size(b)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("length %d gives %d, %v; want %d", length, got, err, want)
		}
	}
}

func TestClientFramesComeBackAsTheyWereWritten(t *testing.T) {
	params := [][]byte{nil, {}, []byte("abc")}
	b := AppendBind(nil, "portal", "statement", []int16{1}, params, []int16{0, 1})
	got, err := ParseBinding(b[HeadLen:])
	if err != nil || string(got.Portal) != "portal" || string(got.Statement) != "statement" {
		t.Fatalf("Bind is %+v, %v", got, err)
	}
	if got.Params[0] != nil || got.Params[1] == nil || string(got.Params[2]) != "abc" || got.FormatOf(2) != 1 {
		t.Errorf("Bind has parameters %q", got.Params)
	}
	st, err := ParseStatement(AppendParse(nil, "s", "SELECT $1", Types([]uint32{20, 25}))[HeadLen:])
	if err != nil || string(st.Name) != "s" || string(st.SQL) != "SELECT $1" || !bytes.Equal(st.Types, Types([]uint32{20, 25})) {
		t.Errorf("Parse is %+v, %v", st, err)
	}
	portal, limit, err := PortalAndLimit(AppendExecute(nil, "p", 7)[HeadLen:])
	if err != nil || string(portal) != "p" || limit != 7 {
		t.Errorf("Execute is %q %d, %v", portal, limit, err)
	}
	kind, name, err := Target(AppendClose(nil, 'S', "s")[HeadLen:])
	if err != nil || kind != 'S' || string(name) != "s" {
		t.Errorf("Close is %c %q, %v", kind, name, err)
	}
	text, err := QueryText(AppendQuery(nil, "SELECT\x00 1")[HeadLen:])
	if err != nil || string(text) != "SELECT" {
		t.Errorf("Query is %q, %v", text, err)
	}
}

func TestBindComesInPiecesAsItComesWhole(t *testing.T) {
	large := bytes.Repeat([]byte("x"), inline+1)
	for _, params := range [][][]byte{nil, {nil, []byte("a")}, {large}, {[]byte("a"), large, nil, []byte("b"), large, large, []byte("c")}} {
		before := AppendFlush(nil)
		whole := AppendBind(bytes.Clone(before), "p", "s", []int16{1}, params, []int16{0, 1})
		if got := bytes.Join(BindParts(before, "p", "s", []int16{1}, params, []int16{0, 1}), nil); !bytes.Equal(got, whole) {
			t.Errorf("%d parameters: %d bytes in pieces, %d whole", len(params), len(got), len(whole))
		}
	}
}

func TestFormatsInTheirShortForms(t *testing.T) {
	for _, c := range []struct {
		formats []int16
		want    []int16
	}{{nil, []int16{0, 0}}, {[]int16{1}, []int16{1, 1}}, {[]int16{0, 1}, []int16{0, 1}}} {
		for i, want := range c.want {
			if got := (Binding{ParamFormats: c.formats}).FormatOf(i); got != want {
				t.Errorf("%v: format of %d is %d, want %d", c.formats, i, got, want)
			}
		}
	}
}

func TestErrorsAreWrittenAsPostgresReadsThem(t *testing.T) {
	b, err := AppendError(nil, &pgconn.PgError{Code: "42704", Message: "no\x00 model", Hint: "try", Position: 3})
	if err != nil {
		t.Fatal(err)
	}
	body := b[HeadLen:]
	for field, want := range map[byte]string{'S': "ERROR", 'V': "ERROR", 'C': "42704", 'M': "no model", 'H': "try", 'P': "3", 'D': ""} {
		if got := Field(body, field); got != want {
			t.Errorf("field %c is %q, want %q", field, got, want)
		}
	}
	moved := AppendRepositioned(nil, body, func(p int32) int32 { return p + 10 })
	if got := Field(moved[HeadLen:], 'P'); got != "13" || Field(moved[HeadLen:], 'H') != "try" {
		t.Errorf("moved to %q", got)
	}
	if got := Field(AppendRepositioned(nil, body, func(int32) int32 { return 0 })[HeadLen:], 'P'); got != "" {
		t.Errorf("dropped position is %q", got)
	}
	n, err := AppendNotice(nil, &pgconn.Notice{Message: "epoch 1"})
	if err != nil || Field(n[HeadLen:], 'S') != "NOTICE" || Field(n[HeadLen:], 'C') != "00000" {
		t.Errorf("notice is %q, %v", n, err)
	}
}

func TestAnErrorWithoutASQLSTATEIsSurvived(t *testing.T) { // CVE-2026-6666 of PgBouncer
	for _, body := range []string{"", "\x00", "Mhello\x00\x00", "C", "C\x00\x00", "P\x00\x00", "Pmany\x00\x00", "Sx"} {
		b := AppendRepositioned(nil, []byte(body), func(p int32) int32 { return p })
		if size, err := Size(b); err != nil || size != len(b) {
			t.Errorf("%q becomes %q", body, b)
		}
		_ = Field([]byte(body), 'C')
	}
}

func TestAuthenticationFramesComeBackAsTheyWereWritten(t *testing.T) {
	mechanisms := []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}
	code, rest, err := ParseAuthentication(AppendMechanisms(nil, mechanisms)[HeadLen:])
	if err != nil || code != AuthenticationSASL {
		t.Errorf("code is %d, %v", code, err)
	}
	if got, err := Mechanisms(rest); err != nil || !slices.Equal(got, mechanisms) {
		t.Errorf("mechanisms are %q, %v", got, err)
	}
	code, rest, err = ParseAuthentication(AppendAuthentication(nil, AuthenticationSASLContinue, []byte("r=x"))[HeadLen:])
	if err != nil || code != AuthenticationSASLContinue || string(rest) != "r=x" {
		t.Errorf("got %d %q, %v", code, rest, err)
	}
	mechanism, data, err := SASLInitial(AppendSASLInitial(nil, "SCRAM-SHA-256", []byte("n,,"))[HeadLen:])
	if err != nil || mechanism != "SCRAM-SHA-256" || string(data) != "n,," {
		t.Errorf("got %s %q, %v", mechanism, data, err)
	}
	for _, body := range []string{"", "SCRAM", "SCRAM\x00\x00\x00\x00\x05abc", "SCRAM\x00\x00\x00\x00\x01abc", "SCRAM\x00\x7f\xff\xff\xff"} {
		if _, _, err := SASLInitial([]byte(body)); err == nil {
			t.Errorf("SASLInitialResponse %q is accepted", body)
		}
	}
	if _, err := Mechanisms([]byte("SCRAM-SHA-256")); err == nil {
		t.Error("mechanisms without an end are accepted")
	}
	if _, _, err := ParseAuthentication([]byte{0, 0}); err == nil {
		t.Error("half a code is accepted")
	}
}

func TestStartupPackets(t *testing.T) {
	whole := func(code uint32, rest string) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(8+len(rest)))
		return append(binary.BigEndian.AppendUint32(b, code), rest...)
	}
	p, err := ParseStartup(whole(3<<16|2, "user\x00ann\x00database\x00shop\x00\x00"))
	if err != nil || p.Parameter("user") != "ann" || p.Parameter("database") != "shop" || p.Parameter("x") != "" {
		t.Errorf("startup is %+v, %v", p, err)
	}
	p, err = ParseStartup(whole(CancelRequest, "\x00\x00\x00\x07"+strings.Repeat("k", 32)))
	if err != nil || p.PID != 7 || len(p.Secret) != 32 {
		t.Errorf("cancel is %+v, %v", p, err)
	}
	for _, bad := range [][]byte{
		whole(3<<16, "user"), whole(3<<16, ""), whole(3<<16, "user\x00ann\x00"), whole(CancelRequest, "\x00\x00"),
		whole(CancelRequest, "\x00\x00\x00\x07"), whole(CancelRequest, strings.Repeat("k", 300)), whole(SSLRequest, "x"),
		whole(3<<16, "user\x00ann\x00\x00trailing"),
	} {
		if p, err := ParseStartup(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, p)
		}
	}
}

func BenchmarkMentions(b *testing.B) {
	sql := []byte(strings.Repeat("SELECT column_name, u & v FROM some_table WHERE other_column = 1; ", 16))
	b.SetBytes(int64(len(sql)))
	for b.Loop() {
		Mentions(sql)
	}
}

// FuzzBind compares with pgproto3, which panics on what it does not expect: only what is sound reaches it.
func FuzzBind(f *testing.F) {
	f.Add(AppendBind(nil, "p", "s", []int16{1}, [][]byte{nil, []byte("x")}, []int16{0})[HeadLen:])
	f.Add([]byte("\x00\x00\xff\xff"))
	f.Add([]byte("\x00s\x00\x00\x00\x00\x01\xff\xff\xff\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := ParseBinding(body)
		if err != nil {
			return
		}
		var want pgproto3.Bind
		if err := want.Decode(body); err != nil {
			t.Fatalf("pgproto3 refuses it: %v", err)
		}
		if want.DestinationPortal != string(got.Portal) || want.PreparedStatement != string(got.Statement) || len(want.Parameters) != len(got.Params) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		for i := range got.Params {
			if !bytes.Equal(got.Params[i], want.Parameters[i]) || (got.Params[i] == nil) != (want.Parameters[i] == nil) {
				t.Fatalf("parameter %d is %q, want %q", i, got.Params[i], want.Parameters[i])
			}
			_ = got.FormatOf(i)
		}
		again := AppendBind(nil, string(got.Portal), string(got.Statement), got.ParamFormats, got.Params, got.ResultFormats)
		if !bytes.Equal(again[HeadLen:], body) {
			t.Fatalf("written again it is %q", again[HeadLen:])
		}
	})
}

// FuzzFrames gives every reader of a body every body.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("s\x00SELECT 1\x00\x00\x01\x00\x00\x00\x14"))
	f.Add([]byte("SERROR\x00C42P01\x00P7\x00\x00"))
	f.Add([]byte("\x00\x01n\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x14\x00\x08\xff\xff\xff\xff\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x0aSCRAM-SHA-256-PLUS\x00SCRAM-SHA-256\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) >= HeadLen {
			if size, err := Size(body); err == nil && (size < HeadLen || size > MaxBody+HeadLen) {
				t.Fatalf("size is %d", size)
			}
		}
		if st, err := ParseStatement(body); err == nil {
			if again := AppendParse(nil, string(st.Name), string(st.SQL), st.Types); !bytes.Equal(again[HeadLen:], body) {
				t.Fatalf("Parse written again is %q", again[HeadLen:])
			}
		}
		if kind, name, err := Target(body); err == nil && !bytes.Equal(AppendClose(nil, kind, string(name))[HeadLen:], body) {
			t.Fatal("Close written again differs")
		}
		if portal, limit, err := PortalAndLimit(body); err == nil && !bytes.Equal(AppendExecute(nil, string(portal), limit)[HeadLen:], body) {
			t.Fatal("Execute written again differs")
		}
		if text, err := QueryText(body); err == nil && !bytes.Equal(AppendQuery(nil, string(text))[HeadLen:], body) {
			t.Fatal("Query written again differs")
		}
		moved := AppendRepositioned(nil, body, func(p int32) int32 { return p / 2 })
		if size, err := Size(moved); err != nil || size != len(moved) || Field(moved[HeadLen:], 'C') != Field(body, 'C') && len(body) > 0 && body[0] != 'P' {
			t.Fatalf("moved error is %q, %v", moved, err)
		}
		if columns, err := Columns(body); err == nil {
			if _, err := AppendColumns(nil, columns); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = ParameterTypes(body)
		_, _, _ = Parameter(body)
		_, _, _ = CancelKey(body)
		if _, rest, err := ParseAuthentication(body); err == nil {
			_, _ = Mechanisms(rest)
		}
		if mechanism, data, err := SASLInitial(body); err == nil && data != nil {
			if again := AppendSASLInitial(nil, mechanism, data)[HeadLen:]; !bytes.Equal(again, body) {
				t.Fatalf("SASLInitialResponse %q becomes %q", body, again)
			}
		}
	})
}

// FuzzStartup reads start-up packets.
func FuzzStartup(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x12\x00\x03\x00\x00user\x00a\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x01\x00\x00\x00\x02"))
	f.Add([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 4 {
			if n, err := StartupSize(b); err == nil && (n < 8 || n > MaxStartup+4) {
				t.Fatalf("size is %d", n)
			}
		}
		p, err := ParseStartup(b)
		if err != nil {
			return
		}
		var length int
		for _, pair := range p.Parameters {
			length += len(pair[0]) + len(pair[1]) + 2
		}
		if length+len(p.Secret) > len(b) {
			t.Fatal("more came out than went in")
		}
	})
}

// FuzzMentions compares with the slow way.
func FuzzMentions(f *testing.F) {
	f.Add([]byte("SELECT cvp_predict(1)"))
	f.Add([]byte(`SELECT U&"cvp\005fx"()`))
	f.Add([]byte("a_b_CVP_"))
	f.Fuzz(func(t *testing.T, sql []byte) {
		var lower []byte
		for _, c := range sql {
			if 'A' <= c && c <= 'Z' {
				c |= 0x20
			}
			lower = append(lower, c)
		}
		ours := bytes.Contains(lower, []byte("cvp_")) || bytes.Contains(lower, []byte(`u&"`))
		if got := Mentions(sql); ours && !got {
			t.Fatalf("missed in %q", sql)
		}
	})
}
