package server_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestCVE20266666AnErrorWithoutASQLSTATE(t *testing.T) {
	for name, body := range map[string]string{
		"no code": "SERROR\x00Mboom\x00\x00", "nothing": "\x00", "an empty body": "", "cut off": "SERR", "a code alone": "C\x00\x00",
		"a position that is none": "SERROR\x00P-\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			p := startAt(t, fakeBackend(t, answering(func(kind byte) string {
				switch kind {
				case 'Q':
					return message('E', body) + readyIdle
				case 'S':
					return readyIdle
				case 'P':
					return message('E', body)
				case 'C':
					return message('3', "")
				}
				return ""
			})))
			for _, sql := range []string{"SELECT 1", "SELECT cvp_double(1)"} {
				c := speak(t, p.database)
				c.Send(query(sql))
				_ = c.Flush()
				_ = c.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
				_, _ = io.CopyN(io.Discard, c.conn, 5) // an error of some kind, or the end
				_ = c.conn.Close()
			}
			alive(t, p)
		})
	}
	// At start-up.
	p := startAt(t, fakeBackend(t, func(conn net.Conn) {
		if receiveStartup(conn) == nil {
			_, _ = conn.Write([]byte(message('E', "SFATAL\x00Mno entry\x00\x00")))
		}
	}))
	_, err := pgx.Connect(t.Context(), p.database)
	if e := pgError(t, err); e.Message != "no entry" || e.Code != "" {
		t.Errorf("error is %#v", e)
	}
	alive(t, p)
}

func TestCVE20266664OversizedSCRAMFields(t *testing.T) {
	p := start(t)
	analyst := pgtest.Role(t, p.direct, "analyst", "right")
	config, err := pgx.ParseConfig(analyst)
	if err != nil {
		t.Fatal(err)
	}
	other := p.connect(t)
	first := "n,,n=,r=" + strings.Repeat("x", 24)
	initial := func(mechanism, data string) string {
		return mechanism + "\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(data)))) + data
	}
	for name, bodies := range map[string][]string{
		"a nonce of a megabyte":        {initial("SCRAM-SHA-256", "n,,n=,r="+strings.Repeat("x", 1<<20))},
		"a negative length":            {"SCRAM-SHA-256\x00\x80\x00\x00\x00" + first},
		"a length beyond the message":  {"SCRAM-SHA-256\x00\x00\xff\xff\xff" + first},
		"a mechanism of 64 KiB":        {initial(strings.Repeat("S", 1<<16), first)},
		"no mechanism":                 {""},
		"a proof of 64 KiB":            {initial("SCRAM-SHA-256", first), "c=biws,r=x,p=" + strings.Repeat("A", 1<<16)},
		"a proof without a nonce":      {initial("SCRAM-SHA-256", first), "p="},
		"a channel binding of 64 KiB":  {initial("SCRAM-SHA-256", first), "c=" + strings.Repeat("Y", 1<<16) + ",r=x,p=AAAA"},
		"many fields":                  {initial("SCRAM-SHA-256", first), strings.Repeat("a=b,", 1<<14)},
		"NULs":                         {initial("SCRAM-SHA-256", strings.Repeat("\x00", 100))},
		"a channel binding downgraded": {initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc")},
	} {
		t.Run(name, func(t *testing.T) {
			conn := p.dial(t)
			write(t, conn, packet(3<<16, []byte("user\x00"+config.User+"\x00database\x00"+config.Database+"\x00\x00")...))
			for _, body := range bodies {
				_, _ = conn.Write([]byte(message('p', body)))
			}
			answer, _ := io.ReadAll(conn)
			if strings.Contains(string(answer), authenticationOK) || !strings.Contains(string(answer), "FATAL") {
				t.Errorf("answer is %.200q", answer)
			}
			if number(t, other, "SELECT 1") != 1 {
				t.Error("another session is disturbed")
			}
		})
	}
	// And from the backend's side.
	for _, body := range []string{
		"\x00\x00\x00\x0a" + strings.Repeat("SCRAM-SHA-256\x00", 1<<12) + "\x00", "\x00\x00\x00\x0aSCRAM-SHA-256", "\x00\x00\x00\x0b" + strings.Repeat("r", 1<<19),
		"\x00\x00\x00\x0c" + strings.Repeat("v", 1<<22), "\x00\x00", "\x7f\xff\xff\xff", "",
	} {
		p := startAt(t, fakeBackend(t, func(conn net.Conn) {
			if receiveStartup(conn) == nil {
				_, _ = conn.Write([]byte(message('R', body)))
				_, _ = io.CopyN(io.Discard, conn, 1)
			}
		}))
		conn := p.dial(t)
		write(t, conn, packet(3<<16, []byte("user\x00someone\x00\x00")...))
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, _ = io.ReadAll(conn)
		_ = conn.Close()
		alive(t, p)
	}
}

func TestCVE202512819StartupParametersReachNoConnectionWithOtherRights(t *testing.T) {
	p := start(t)
	analyst := pgtest.Role(t, p.direct, "analyst", "right")
	direct := open(t, p.direct)
	conn := open(t, rehosted(t, analyst, p), func(c *pgx.ConnConfig) {
		c.RuntimeParams["search_path"] = "evil, public"
		c.RuntimeParams["options"] = "-c role=" + c.User
	})
	if got := refusal(t, conn, "SELECT cvp_double(1)"); got.Code != "42501" && got.Code != "3F000" && got.Code != "42883" {
		t.Logf("a call gives %v", got)
	}
	rows, err := direct.Query(t.Context(), `SELECT usename::text FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(users) != 1 || users[0] != conn.Config().User {
		t.Errorf("connections of %q, %v; want the session's own alone", users, err)
	}
	var path string
	if err := conn.QueryRow(t.Context(), "SHOW search_path").Scan(&path); err != nil || path != "evil, public" {
		t.Errorf("search_path is %s, %v", path, err)
	}
}

func TestCVE20252291TheBackendDecidesHowLongAPasswordIsValid(t *testing.T) {
	p := start(t)
	analyst := pgtest.Role(t, p.direct, "analyst", "right")
	through := rehosted(t, analyst, p)
	super := open(t, p.direct)
	open(t, through) // once: nothing of it may be remembered
	config, err := pgx.ParseConfig(analyst)
	if err != nil {
		t.Fatal(err)
	}
	role := pgx.Identifier{config.User}.Sanitize()
	for _, c := range []struct{ change, code string }{
		{"VALID UNTIL '2020-01-01'", "28P01"}, {"VALID UNTIL 'infinity' NOLOGIN", "28000"}, {"LOGIN CONNECTION LIMIT 0", "53300"},
		{"CONNECTION LIMIT -1 PASSWORD 'another'", "28P01"}, {"PASSWORD NULL", "28P01"}, {"PASSWORD 'right'", ""},
	} {
		run(t, super, "ALTER ROLE "+role+" "+c.change)
		for _, database := range []string{through, analyst} {
			conn, err := pgx.Connect(t.Context(), database)
			var e *pgconn.PgError
			if errors.As(err, &e) && e.Code == c.code {
				continue
			}
			if err != nil || c.code != "" {
				t.Errorf("%s at %s: %v, want SQLSTATE %q", c.change, database, err, c.code)
				continue
			}
			_ = conn.Close(t.Context())
		}
	}
	run(t, super, "ALTER ROLE "+role+" SET search_path = its_own")
	var path string
	if err := open(t, through).QueryRow(t.Context(), "SHOW search_path").Scan(&path); err != nil || path != "its_own" {
		t.Errorf("the role's own setting is %s, %v", path, err)
	}
}

func TestCVE202123214PlaintextOfAClientBeforeTLS(t *testing.T) {
	certified, _ := certificate(t)
	p := start(t, withTLS(certified))
	direct := open(t, p.direct)
	for name, injected := range map[string][]byte{
		"a start-up packet": packet(3<<16, []byte("user\x00postgres\x00\x00")...),
		"a query":           []byte(message('Q', "CREATE TABLE injected (a int)\x00")),
		"one byte":          {'Q'},
		"half a handshake":  {0x16, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			conn := p.dial(t)
			write(t, conn, append(packet(80877103), injected...)) // SSLRequest and, in the same packet, what TLS does not secure
			var yes [1]byte
			if _, err := io.ReadFull(conn, yes[:]); err != nil || yes[0] != 'S' {
				// Refusing at once is as good.
				return
			}
			// What a man in the middle does next: let the client's handshake through.
			client := tlsClient(conn)
			_ = conn.SetDeadline(time.Now().Add(500 * time.Millisecond))
			if err := client.Handshake(); err == nil {
				t.Error("TLS was negotiated over a stream with injected bytes")
			}
		})
	}
	if n := number(t, direct, "SELECT count(*) FROM pg_class WHERE relname = 'injected'"); n != 0 {
		t.Error("what was sent before TLS was run")
	}
	if n := number(t, direct, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"); n != 1 {
		t.Errorf("%d connections, want the test's own alone", n)
	}
}

func TestCVE202123222PlaintextOfABackendBeforeTLS(t *testing.T) {
	const forged = "forged before TLS"
	address := fakeBackend(t, func(conn net.Conn) {
		var request [8]byte
		if _, err := io.ReadFull(conn, request[:]); err != nil {
			return
		}
		_, _ = conn.Write([]byte("S" + message('E', "SFATAL\x00C28000\x00M"+forged+"\x00\x00") + authenticationOK + readyIdle))
		_, _ = io.Copy(io.Discard, conn)
	})
	p := startAt(t, strings.Replace(address, "disable", "require", 1))
	_, err := pgx.Connect(t.Context(), strings.Replace(p.database, "require", "disable", 1))
	if e := pgError(t, err); e.Message == forged || e.Code != "08006" {
		t.Errorf("the client is told %v", e)
	}
}

func TestSecretsAreNotLogged(t *testing.T) {
	log := &sink{}
	p := start(t, func(c *server.Config) { c.Log = log.logger() })
	const secret = "correct horse battery"
	analyst := pgtest.Role(t, p.direct, "analyst", secret)
	conn := open(t, rehosted(t, analyst, p), func(c *pgx.ConnConfig) { c.RuntimeParams["options"] = "-c application_name=x -c my.secret=staple" })
	run(t, conn, "SELECT 'staple', $1::text", "staple")
	run(t, open(t, p.database), "SELECT cvp_double(1), 'staple'")
	_, err := pgx.Connect(t.Context(), strings.Replace(rehosted(t, analyst, p), "correct", "false", 1))
	wantCode(t, err, "28P01")
	pid := conn.PgConn().PID()
	key := conn.PgConn().SecretKey()
	sendCancel(t, p, pid, key)
	text := log.String()
	if !strings.Contains(text, "session starts") {
		t.Fatalf("nothing is logged at the debug level: %s", text)
	}
	for _, hidden := range []string{"horse", "staple", "SCRAM", fmt.Sprintf("%x", key), fmt.Sprint(key)} {
		if strings.Contains(text, hidden) {
			t.Errorf("the log holds %q:\n%s", hidden, text)
		}
	}
}
