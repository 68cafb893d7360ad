package server_test

import (
	"path/filepath"
	"strings"
	"testing"

	"cvp/server"
)

// testAuthFile logs in by verifiers that were copied into a file.
func testAuthFile(t *testing.T, c *secureCluster) {
	owner := open(t, c.URL("postgres"))
	line := func(role string) string {
		var verifier string
		if err := owner.QueryRow(t.Context(), "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&verifier); err != nil {
			t.Fatal(err)
		}
		return `"` + role + `" "` + verifier + `"` + "\n"
	}
	path := filepath.Join(t.TempDir(), "userlist.txt")
	writeFile(t, path, "# roles\n"+line("scram"))
	f, err := server.NewAuthFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := c.front(t, c.verified(), func(config *server.Config) { config.Verifiers = f })
	bound := c.trusting() + "&channel_binding=require"
	if who, err := login(t, p.through("scram", "secret", bound)); err != nil || who != "scram" {
		t.Errorf("session is %q, %v", who, err)
	}
	_, err = login(t, p.through("scram", "wrong", bound))
	wantCode(t, err, "28P01")
	_, err = login(t, p.through("onlytls", "secret", bound))
	wantCode(t, err, "28P01")
	writeFile(t, path, line("onlytls")+line("Ümläut"))
	touch(t, path, 1)
	if who, err := login(t, p.through("onlytls", "secret", bound)); err != nil || who != "onlytls" {
		t.Errorf("after a change, the session is %q, %v", who, err)
	}
}

func TestAuthFilesThatAreNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "userlist.txt")
	if _, err := server.NewAuthFile(path); err == nil {
		t.Error("a file that is not there is accepted")
	}
	for _, text := range []string{`"alice" "a password in clear"`, `"alice" "md5d41d8cd98f00b204e9800998ecf8427e"`, `"alice"`, `"alice" "x`} {
		writeFile(t, path, "# first\n"+text)
		if _, err := server.NewAuthFile(path); err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "password") {
			t.Errorf("%s gives %v", text, err)
		}
	}
}
