package server_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// scriptedBackend lets every client in and gives it a cancel key. It speaks protocol 3.2, for want of a
// Postgres that does: it keeps what it gets to the letter.
type scriptedBackend struct {
	net.Listener
	key     []byte
	packets chan []byte
}

func startScript(t testing.TB, key []byte) *scriptedBackend {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &scriptedBackend{Listener: ln, key: key, packets: make(chan []byte, 10)}
	done := make(chan struct{})
	t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go b.serve(conn)
		}
	}()
	return b
}

func (b *scriptedBackend) serve(conn net.Conn) {
	defer conn.Close()
	packet, err := readPacket(conn)
	if err != nil {
		return
	}
	b.packets <- packet
	if binary.BigEndian.Uint32(packet[4:]) == 80877102 {
		return
	}
	key := binary.BigEndian.AppendUint32([]byte{'K'}, uint32(8+len(b.key)))
	key = append(binary.BigEndian.AppendUint32(key, 4711), b.key...)
	start := []byte{'R', 0, 0, 0, 8, 0, 0, 0, 0}
	start = append(append(start, key...), 'Z', 0, 0, 0, 5, 'I')
	if _, err := conn.Write(start); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}

func readPacket(conn net.Conn) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return nil, err
	}
	packet := append(head, make([]byte, binary.BigEndian.Uint32(head)-4)...)
	_, err := io.ReadFull(conn, packet[4:])
	return packet, err
}

func TestCancelKeysOfEveryLengthPass(t *testing.T) {
	for _, length := range []int{4, 32, 256} {
		t.Run(fmt.Sprintf("%d bytes", length), func(t *testing.T) {
			key := bytes.Repeat([]byte("\x00k\xff"), length)[:length]
			b := startScript(t, key)
			p := startAt(t, "postgres://"+b.Addr().String()+"/x?sslmode=disable")
			conn := p.dial(t)
			hello := packet(3<<16|2, []byte("user\x00ann\x00database\x00x\x00_pq_.some_option\x00on\x00\x00")...)
			write(t, conn, hello)
			if got := <-b.packets; !bytes.Equal(got, hello) {
				t.Errorf("the backend got %q, want %q", got, hello)
			}
			if ok := readFrame(t, conn); ok != "\x00\x00\x00\x00" {
				t.Errorf("authentication is %q", ok)
			}
			if got, want := readFrame(t, conn), "\x00\x00\x12\x67"+string(key); got != want {
				t.Errorf("key is %q, want %q", got, want)
			}
			for _, secret := range [][]byte{key, bytes.Repeat([]byte{1}, length)} {
				sendCancel(t, p, 4711, secret)
				want := packet(80877102, append([]byte{0, 0, 0x12, 0x67}, secret...)...)
				if got := <-b.packets; !bytes.Equal(got, want) {
					t.Errorf("the backend got %q, want %q", got, want)
				}
			}
		})
	}
}

func TestCancellingBesideANewerProtocol(t *testing.T) {
	b := startScript(t, bytes.Repeat([]byte("s"), 32))
	p := startAt(t, "postgres://"+b.Addr().String()+"/x?sslmode=disable")
	conn, err := pgconn.Connect(t.Context(), p.database+"&max_protocol_version=3.2")
	if err != nil {
		t.Fatal(err)
	}
	<-b.packets
	if string(conn.SecretKey()) != string(b.key) || conn.PID() != 4711 {
		t.Errorf("pgx has key %q of %d", conn.SecretKey(), conn.PID())
	}
	if err := conn.CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-b.packets; !bytes.HasSuffix(got, b.key) || len(got) != 12+32 {
		t.Errorf("the backend got %q", got)
	}
	_ = conn.Close(t.Context())
}

// firstFrame sends a packet and gives the first frame that comes back, with its kind.
func firstFrame(t testing.TB, address string, b []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	write(t, conn, b)
	kind := make([]byte, 1)
	if _, err := io.ReadFull(conn, kind); err != nil {
		return err.Error()
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head)-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		t.Fatal(err)
	}
	return string(kind) + string(body)
}

func TestTheBackendJudgesWhatAClientSpeaks(t *testing.T) {
	p := start(t)
	u, err := url.Parse(p.direct)
	if err != nil {
		t.Fatal(err)
	}
	user := []byte("user\x00postgres\x00database\x00postgres\x00")
	for name, c := range map[string]struct {
		packet []byte
		want   string
	}{
		"a newer minor version":     {packet(3<<16|2, append(user, 0)...), "v"},
		"an option of the protocol": {packet(3<<16, append(user, "_pq_.cvp_test\x00on\x00\x00"...)...), "v"},
		"both":                      {packet(3<<16|9999, append(user, "_pq_.a\x00\x00_pq_.b\x001\x00\x00"...)...), "v"},
		"no role":                   {packet(3<<16, 0), "28000"},
		"an empty role":             {packet(3<<16, []byte("user\x00\x00\x00")...), "28000"},
		"no end":                    {packet(3<<16, user...), "08P01"},
		"something behind the end":  {packet(3<<16, append(user, 0, 'x')...), "08P01"},
		"a bad replication flag":    {packet(3<<16, append(user, "replication\x00perhaps\x00\x00"...)...), "22023"},
	} {
		t.Run(name, func(t *testing.T) {
			through, direct := firstFrame(t, p.address.String(), c.packet), firstFrame(t, u.Host, c.packet)
			if through != direct || !strings.Contains(through, c.want) {
				t.Errorf("got %q, want %q with %s", through, direct, c.want)
			}
		})
	}
	for name, c := range map[string]struct {
		first, then []byte
	}{
		"protocol 4.0":        {nil, packet(4<<16, append(user, 0)...)},
		"protocol 0":          {nil, packet(0, append(user, 0)...)},
		"an unknown request":  {nil, packet(1234<<16 | 5690)},
		"TLS asked for twice": {packet(80877103), packet(80877103)},
	} {
		t.Run(name, func(t *testing.T) {
			through, direct := refusalOf(t, p.address.String(), c.first, c.then), refusalOf(t, u.Host, c.first, c.then)
			if through != direct || !strings.Contains(through, "C0A000\x00Munsupported frontend protocol") {
				t.Errorf("got %q, want %q", through, direct)
			}
		})
	}
}

// refusalOf sends a packet, after a request for encryption that is declined, and gives the error that comes,
// without its place in Postgres's source.
func refusalOf(t testing.TB, address string, request, b []byte) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if request != nil {
		write(t, conn, request)
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, conn, b)
	answer, _ := io.ReadAll(conn)
	if len(answer) < 5 || answer[0] != 'E' {
		return string(answer)
	}
	words, _, _ := strings.Cut(string(answer[5:]), "\x00F")
	return strings.TrimSuffix(words, "\x00\x00")
}

func TestEncryptionIsNegotiatedInEveryOrder(t *testing.T) {
	config, pool := certificate(t)
	p := start(t, withTLS(config))
	one := func(t *testing.T, conn net.Conn, want byte) {
		t.Helper()
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != want {
			t.Fatalf("answer is %q, %v; want %c", answer, err, want)
		}
	}
	secured := func(conn net.Conn) *tls.Conn {
		return tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", NextProtos: []string{"postgresql"}})
	}
	hello := packet(3<<16, []byte("user\x00postgres\x00database\x00postgres\x00\x00")...)
	t.Run("GSSAPI, then TLS", func(t *testing.T) {
		conn := p.dial(t)
		write(t, conn, packet(80877104))
		one(t, conn, 'N')
		write(t, conn, packet(80877103))
		one(t, conn, 'S')
		inner := secured(conn)
		write(t, inner, hello)
		one(t, inner, 'R')
	})
	for _, code := range []uint32{80877103, 80877104} {
		t.Run(fmt.Sprintf("within TLS, request %d is refused", code), func(t *testing.T) {
			conn := p.dial(t)
			write(t, conn, packet(80877103))
			one(t, conn, 'S')
			inner := secured(conn)
			write(t, inner, packet(code))
			answer, _ := io.ReadAll(inner)
			if !bytes.Contains(answer, []byte("C0A000")) {
				t.Errorf("answer is %q", answer)
			}
		})
	}
	t.Run("TLS starts by itself only at the start", func(t *testing.T) {
		conn := p.dial(t)
		write(t, conn, packet(80877104))
		one(t, conn, 'N')
		if err := secured(conn).Handshake(); err == nil {
			t.Error("the handshake succeeds")
		}
	})
	t.Run("a cancel request may come in clear", func(t *testing.T) {
		p := start(t, withTLS(config), withMode(server.RequireTLS))
		sendCancel(t, p, 1, []byte{1, 2, 3, 4})
	})
	t.Run("another protocol by name is refused", func(t *testing.T) {
		conn := tls.Client(p.dial(t), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", NextProtos: []string{"h2"}})
		if err := conn.Handshake(); err == nil {
			t.Error("the handshake succeeds")
		}
	})
}

func TestBytesInClearBehindTheBackendsYesAreNotTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := readPacket(conn); err != nil {
			return
		}
		_, _ = conn.Write([]byte("SE\x00\x00\x00\x19SFATAL\x00C28P01\x00Minjected\x00\x00")) // CVE-2021-23222
		_, _ = io.Copy(io.Discard, conn)
	}()
	p := startAt(t, "postgres://"+ln.Addr().String()+"/x?sslmode=require")
	_, err = pgconn.Connect(t.Context(), strings.Replace(p.database, "sslmode=require", "sslmode=disable", 1))
	wantCode(t, err, "08006")
	if strings.Contains(err.Error(), "injected") {
		t.Errorf("error is %v", err)
	}
}

func TestAClosedClientsDatabaseCanBeDropped(t *testing.T) {
	database := pgtest.Database(t)
	owner := open(t, pgtest.Database(t))
	p := startAt(t, database)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	for how, leave := range map[string]func(*wireClient){
		"with a word":    func(c *wireClient) { _, _ = c.conn.Write([]byte{'X', 0, 0, 0, 4}); _ = c.conn.Close() },
		"without a word": func(c *wireClient) { _ = c.conn.Close() },
		"in the middle of a query": func(c *wireClient) {
			_, _ = c.conn.Write([]byte("Q\x00\x00\x00\x19SELECT pg_sleep(100)\x00"))
			awaitSleepIn(t, owner, name)
			_ = c.conn.Close()
		},
		"in a transaction": func(c *wireClient) {
			c.exchange(t, 1, query("BEGIN"))
			_ = c.conn.Close()
		},
	} {
		t.Run(how, func(t *testing.T) {
			c := speak(t, p.database)
			began := time.Now()
			leave(c)
			run(t, owner, "DROP DATABASE "+name) // Postgres waits for up to 5 s until others have left
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("it took %v", took)
			}
			run(t, owner, "CREATE DATABASE "+name)
		})
	}
}

// awaitSleepIn waits until a session of a database works.
func awaitSleepIn(t testing.TB, owner *pgx.Conn, database string) {
	t.Helper()
	for range 2000 {
		var n int
		if err := owner.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'", database).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return
		}
	}
	t.Fatal("nobody works")
}
