package server_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"cvp/server/frame"
)

// fakeBackend is what a compromised Postgres, or somebody in its place, may say: it starts sessions as Postgres
// does, and then answers as the test says.
func fakeBackend(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				serve(conn)
			}()
		}
	}()
	return "postgres://someone@" + ln.Addr().String() + "/shop?sslmode=disable"
}

// message is one frame of a backend.
func message(kind byte, body string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body)))) + body
}

const (
	authenticationOK = "R\x00\x00\x00\x08\x00\x00\x00\x00"
	keyData          = "K\x00\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x02"
	readyIdle        = "Z\x00\x00\x00\x05I"
)

// receiveStartup reads a start-up packet; a cancel request ends the connection.
func receiveStartup(conn net.Conn) error {
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(head[4:]) == frame.CancelRequest {
		return io.EOF
	}
	_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[:])-8))
	return err
}

// answering starts a session and then gives an answer to every frame by its kind.
func answering(answer func(kind byte) string) func(net.Conn) {
	return func(conn net.Conn) {
		if receiveStartup(conn) != nil {
			return
		}
		_, _ = conn.Write([]byte(authenticationOK + keyData + readyIdle))
		for {
			var head [5]byte
			if _, err := io.ReadFull(conn, head[:]); err != nil {
				return
			}
			if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(head[1:])-4)); err != nil {
				return
			}
			if _, err := conn.Write([]byte(answer(head[0]))); err != nil {
				return
			}
		}
	}
}

// alive checks that the server still answers; a panic that nobody recovers would end the test's own process.
func alive(t *testing.T, p *proxy) {
	t.Helper()
	conn := p.dial(t)
	write(t, conn, packet(frame.SSLRequest))
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != 'N' {
		t.Errorf("the server serves nobody any more: %q, %v", answer, err)
	}
}
