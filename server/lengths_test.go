package server_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgproto3"
)

func TestCVE202427304LengthsThatWrap(t *testing.T) {
	p := start(t)
	other := p.connect(t)
	injected := message('Q', "CREATE TABLE smuggled (a int)\x00")
	for _, head := range []string{"\x00\x00\x00\x00", "\x00\x00\x00\x01", "\xff\xff\xff\xff", "\x80\x00\x00\x00", "\x40\x00\x00\x04", "\x7f\xff\xff\xff", "\x00\x00\x00\x03"} {
		for _, kind := range "QPBDECFdp?" {
			c := speak(t, p.database)
			write(t, c.conn, []byte(string(kind)+head+injected))
			_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
			// What was sent behind the head and is never read may cost the client the words.
			answer, err := io.ReadAll(c.conn)
			if !strings.Contains(string(answer), "08P01") && (len(answer) > 0 || !errors.Is(err, syscall.ECONNRESET)) {
				t.Errorf("%c with length %x: %.100q, %v", kind, head, answer, err)
			}
		}
	}
	// A length that is possible and never comes: nothing is allocated for it, and the session just waits.
	waiting := make([]*wireClient, 20)
	for i := range waiting {
		waiting[i] = speak(t, p.database)
		write(t, waiting[i].conn, []byte("Q\x3f\xff\xff\xffSELECT cvp_double(1)"))
	}
	if n := number(t, other, "SELECT count(*) FROM pg_class WHERE relname = 'smuggled'"); n != 0 {
		t.Error("a message was smuggled in behind a length that wraps")
	}
	for _, c := range waiting {
		_ = c.conn.Close()
	}
	// From a backend, during a call and outside of one.
	for _, head := range []string{"\x00\x00\x00\x00", "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\x00\x00\x00\x03"} {
		p := startAt(t, fakeBackend(t, answering(func(kind byte) string { return "T" + head + message('C', "SELECT 1\x00") + readyIdle })))
		for _, sql := range []string{"SELECT 1", "SELECT cvp_double(1)"} {
			c := speak(t, p.database)
			c.Send(query(sql))
			_ = c.Flush()
			_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			answer, err := io.ReadAll(c.conn)
			if err != nil || strings.Contains(string(answer), "SELECT 1\x00") {
				t.Errorf("%s: %.100q, %v; want the session ended", sql, answer, err)
			}
		}
		alive(t, p)
	}
}

// The decoders of pgproto3 v2.3.3 panic on such lengths (GHSA-jqcq-xjh3-6g23).
func TestGHSAjqcqxjh36g23CraftedLengthsEndNoProcess(t *testing.T) {
	p := start(t)
	other := p.connect(t)
	bind := string(frame.AppendBind(nil, "", "s", []int16{0}, [][]byte{[]byte("7")}, []int16{0})[frame.HeadLen:])
	call := "\x00\x00\x04\xd2\x00\x01\x00\x00\x00\x01\x00\x00\x00\x017\x00\x00"
	bodies := map[byte][]string{
		'B': {"", "\x00", "\x00s\x00", "\x00s\x00\xff\xff", "\x00s\x00\x00\x00\xff\xff", "\x00s\x00\x00\x00\x00\x01\xff\xff\xff\xfe", "\x00s\x00\x00\x00\x00\x01\x80\x00\x00\x00", "\x00s\x00\x00\x00\x00\x01\x7f\xff\xff\xffx", "\x00s\x00\x00\x00\x00\x00\xff\xff"},
		'F': {"", "\x00", "\x00\x00\x00\x01\xff\xff", "\x00\x00\x00\x01\x00\x00\xff\xff", "\x00\x00\x00\x01\x00\x00\x00\x01\xff\xff\xff\xfe", "\x00\x00\x00\x01\x00\x00\x00\x01\x7f\xff\xff\xff"},
		'P': {"", "s", "s\x00", "s\x00SELECT cvp_double($1)\x00\xff\xff", "s\x00SELECT cvp_double($1)\x00\x00"},
		'Q': {"", "SELECT cvp_double(1)", "\x00\x00"}, 'E': {"", "x", "\x00\x00\x00"}, 'D': {"", "S", "Xs\x00"}, 'C': {"", "S", "\x00\x00"},
		'd': {""}, 'f': {""}, 'p': {"", "x"},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		for kind, whole := range map[byte]string{'B': bind, 'F': call} {
			b := []byte(whole)
			for range 1 + random.IntN(3) {
				b[random.IntN(len(b))] = []byte{0, 1, 0x7f, 0x80, 0xfe, 0xff}[random.IntN(6)]
			}
			bodies[kind] = append(bodies[kind], string(b[:random.IntN(len(b)+1)]))
		}
	}
	for kind, list := range bodies {
		c := speak(t, p.database)
		for i, body := range list {
			write(t, c.conn, []byte(message('P', "s\x00SELECT cvp_double($1)\x00\x00\x00")+message(kind, body)+message('E', "\x00\x00\x00\x00\x00")+message('S', "")+message('S', "")))
			_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			if !settled(c) {
				c = speak(t, p.database) // the backend has ended the session, as it may
			}
			if i%20 == 0 && number(t, other, "SELECT cvp_double(21)") != 42 {
				t.Fatal("another session is disturbed")
			}
		}
	}
	if got := number(t, other, "SELECT 7"); got != 7 {
		t.Errorf("another session gets %d", got)
	}
	if got := number(t, p.connect(t), "SELECT cvp_double(21)"); got != 42 {
		t.Errorf("a new session gets %d", got)
	}
	// DataRow and what goes with it, from a backend.
	for _, answer := range []string{
		message('D', "\xff\xff"), message('D', "\x00\x01\xff\xff\xff\xfe"), message('D', "\x00\x01\x7f\xff\xff\xff"), message('D', ""),
		message('T', "\xff\xff"), message('T', "\x00\x01x"), message('t', "\xff\xff"), message('t', "\x00"), message('C', ""), message('S', "x"), message('A', ""), message('K', ""),
		message('G', "\x00\xff\xff"), message('H', ""), message('W', "\x00\x7f\xff"), message('R', ""), message('N', ""), message('v', "\x00"), message('V', "\xff\xff\xff\xfe"), message('Z', ""),
	} {
		p := startAt(t, fakeBackend(t, answering(func(kind byte) string {
			switch kind {
			case 'Q', 'S':
				return answer + message('C', "SELECT 0\x00") + readyIdle
			case 'P':
				return message('1', "") + answer
			}
			return answer
		})))
		for _, sql := range []string{"SELECT 1", "SELECT cvp_double(1)"} {
			c := speak(t, p.database)
			c.Send(query(sql))
			_ = c.Flush()
			_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
			_, _ = io.ReadAll(c.conn)
			_ = c.conn.Close()
		}
		alive(t, p)
	}
}

// settled reads up to two ReadyForQuerys and reports whether the session lives.
func settled(c *wireClient) bool {
	for ready := 0; ready < 2; {
		m, err := c.Receive()
		if err != nil {
			return false
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			ready++
		}
	}
	// A Query or FunctionCall has had a third.
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	for {
		if _, err := c.Receive(); err != nil {
			var timeout net.Error
			return errors.As(err, &timeout) && timeout.Timeout()
		}
	}
}
