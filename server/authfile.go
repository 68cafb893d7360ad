package server

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"cvp/server/scram"
)

// AuthFile has verifiers from a file, for a Postgres whose pg_authid nobody may read. It is read again whenever
// it has changed.
type AuthFile struct {
	path string

	mu        sync.Mutex
	changed   time.Time
	size      int64
	verifiers map[string]string
}

var _ Verifiers = (*AuthFile)(nil)

// NewAuthFile reads a file of lines with a role and its SCRAM-SHA-256 verifier, each in double quotes where it
// holds blanks, as PgBouncer's userlist.txt.
func NewAuthFile(path string) (*AuthFile, error) {
	f := &AuthFile{path: path}
	return f, f.refresh()
}

// Verifier implements Verifiers.
func (f *AuthFile) Verifier(_ context.Context, role string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		return "", err
	}
	return f.verifiers[role], nil
}

// refresh reads the file if it has changed.
func (f *AuthFile) refresh() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return fmt.Errorf("read the file of verifiers: %w", err)
	}
	if f.verifiers != nil && info.ModTime().Equal(f.changed) && info.Size() == f.size {
		return nil
	}
	verifiers, err := readVerifiers(f.path)
	if err != nil {
		return fmt.Errorf("read the file of verifiers: %w", err)
	}
	f.verifiers, f.changed, f.size = verifiers, info.ModTime(), info.Size()
	return nil
}

// readVerifiers reads a file; its errors name lines and repeat nothing of them.
func readVerifiers(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	verifiers := map[string]string{}
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		fields, err := splitFields(lines.Text())
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d: %w", n, err)
		case len(fields) == 0:
			continue
		case len(fields) != 2:
			return nil, fmt.Errorf("line %d: %d fields in place of a role and its verifier", n, len(fields))
		}
		if _, err := scram.ParseVerifier(fields[1]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		verifiers[fields[0]] = fields[1]
	}
	return verifiers, lines.Err()
}
