package server

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"cvp/server/frame"
)

// FuzzGreet gives a server what a client may send before its session, TLS or not.
func FuzzGreet(f *testing.F) {
	request := func(code uint32, rest string) []byte {
		b := make([]byte, 8)
		putUint32(b, uint32(8+len(rest)))
		putUint32(b[4:], code)
		return append(b, rest...)
	}
	hello := request(3<<16, "user\x00ann\x00database\x00shop\x00\x00")
	f.Add(hello, false)
	f.Add(append(request(frame.GSSENCRequest, ""), append(request(frame.SSLRequest, ""), hello...)...), false)
	f.Add(append(request(frame.SSLRequest, ""), hello...), true)
	f.Add(request(frame.CancelRequest, "\x00\x00\x00\x01\x00\x00\x00\x02"), true)
	f.Add([]byte{0x16, 3, 1, 0, 2, 1, 0}, true)
	b, err := ParseBackend("postgres://127.0.0.1/")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, sent []byte, secured bool) {
		config := Config{Backend: b, Log: slog.New(slog.DiscardHandler)}
		if secured {
			config.TLS = &tls.Config{}
		}
		s, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		client, server := net.Pipe()
		_ = server.SetDeadline(time.Now().Add(5 * time.Second))
		go func() {
			_, _ = client.Write(sent)
			_ = client.Close()
		}()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		c, err := s.greet(server)
		_ = server.Close()
		if (c == nil) == (err == nil) {
			t.Fatalf("%q gives %v, %v", sent, c, err)
		}
		if c == nil {
			return
		}
		if c.tls != nil {
			t.Fatal("TLS without a certificate")
		}
		if code := c.start.Code; code != frame.CancelRequest && code>>16 != 3 {
			t.Fatalf("%q is taken for a session of protocol %x", sent, code)
		}
		if e := s.identify(c); e != nil || c.identified {
			t.Fatalf("%q: %v, identified %v", sent, e, c.identified)
		}
	})
}
