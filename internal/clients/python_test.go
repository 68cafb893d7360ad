package clients_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// environmentOf makes the virtual environment of the requirements where it is not there yet and gives its programs' folder.
// It lies outside the tree and outlives the test: making it takes a minute.
func environmentOf(t *testing.T, requirements string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: takes a virtual environment of Python")
	}
	wanted, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(wanted)
	dir := filepath.Join(cache, "cvp", "clients-"+hex.EncodeToString(sum[:6]))
	defer lock(t, dir)()
	bin, complete := filepath.Join(dir, "bin"), filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err == nil {
		return bin
	} else if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"python3", "-m", "venv", "--clear", dir},
		{filepath.Join(bin, "pip"), "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("make a virtual environment (package python3-venv and PyPI are needed): %s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
	if err := os.WriteFile(complete, wanted, 0o644); err != nil {
		t.Fatal(err)
	}
	return bin
}

// lock keeps other runs of the tests out of the folder until the returned function is called.
func lock(t *testing.T, dir string) (unlock func()) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}

const requirements = "testdata/requirements.txt"

func TestPythonClientsGetThePredictionsThatWereComputedBefore(t *testing.T) {
	bin := environmentOf(t, requirements)
	s := newShop(t)
	for _, x := range []struct {
		script string
		checks int
	}{{"psycopg_client.py", 10}, {"sqlalchemy_client.py", 6}, {"asyncpg_client.py", 6}} {
		t.Run(x.script, func(t *testing.T) {
			out := (&shop{t: t, url: s.url}).run("testdata", filepath.Join(bin, "python"), x.script)
			if got := strings.Count(out, "ok "); got < x.checks {
				t.Errorf("%d of %d checks were made:\n%s", got, x.checks, out)
			}
		})
	}
}
