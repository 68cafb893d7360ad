package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

func dataDir(dir string) string { return filepath.Join(dir, "data") }

// Remove deletes the cluster that Start made in dir: what is its own and nothing else. It refuses while a
// server runs there.
func Remove(dir string) error {
	if pid, runs := serverOf(dir); runs {
		return fmt.Errorf("remove the cluster in %s: postgres runs there as process %d", dir, pid)
	}
	for _, name := range []string{"data", "data.partial", "password", "postgres.log"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove the cluster in %s: %w", dir, err)
		}
	}
	_ = os.Remove(dir) // stays where it holds something else
	return nil
}

// serverOf gives the postmaster of a cluster that runs in dir, if one does.
func serverOf(dir string) (pid int, runs bool) {
	text, err := os.ReadFile(filepath.Join(dataDir(dir), "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err = strconv.Atoi(strings.TrimSpace(first)); err != nil {
		return 0, false
	}
	return pid, isAlive(pid)
}

// prepareDir makes dir and decides who runs the server in it.
func prepareDir(dir string) (*runner, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make postgres directory: %w", err)
	}
	runner, err := chooseRunner()
	if err != nil {
		return nil, err
	}
	if err := runner.own(dir); err != nil {
		return nil, fmt.Errorf("give %s to user %s: %w", dir, runner.name, err)
	}
	if err := runner.canReach(dir); err != nil {
		return nil, err
	}
	return runner, nil
}

// keepPassword gives the password kept beside the data directory, or keeps the given one or a random one.
func keepPassword(dir, given string) (string, error) {
	path := filepath.Join(dir, "password")
	kept, err := os.ReadFile(path)
	switch {
	case err == nil && (given == "" || given == string(kept)):
		return string(kept), nil
	case err == nil:
		return "", fmt.Errorf("the cluster in %s was made with another password", dir)
	case !errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("read postgres password: %w", err)
	}
	if given == "" {
		given = strings.ToLower(rand.Text())
	}
	if err := os.WriteFile(path, []byte(given), 0o600); err != nil {
		return "", fmt.Errorf("keep postgres password: %w", err)
	}
	return given, nil
}

// initialise runs initdb where there is no data directory, and says whether it did. The directory gets its
// name last: one that exists is whole.
func initialise(ctx context.Context, config Config, programs programs, runner *runner, password string) (bool, error) {
	final := dataDir(config.Dir)
	if _, err := os.Stat(final); err == nil {
		return false, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("look at data directory: %w", err)
	}
	partial := final + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return false, fmt.Errorf("clear an unfinished data directory: %w", err)
	}
	passwordFile, err := passwordPipe(password, runner)
	if err != nil {
		return false, err
	}
	defer passwordFile.Close()

	cmd := exec.CommandContext(ctx, programs.path("initdb"), "--pgdata", partial, "--username", superuser,
		"--auth", "scram-sha-256", "--pwfile", "/dev/fd/3", "--encoding", "UTF8", "--no-locale", "--no-sync")
	cmd.Dir = config.Dir
	cmd.ExtraFiles = []*os.File{passwordFile}
	runner.apply(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return false, fmt.Errorf("run %s: %w\n%s", cmd.Path, err, out)
	}
	if err := os.Rename(partial, final); err != nil {
		return false, fmt.Errorf("finish data directory: %w", err)
	}
	return true, nil
}

// passwordPipe holds the password for initdb, which no other user can then read from a file or argument.
func passwordPipe(password string, runner *runner) (*os.File, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("hand password to initdb: %w", err)
	}
	defer writer.Close()
	if err := runner.ownFile(reader); err != nil {
		return nil, errors.Join(fmt.Errorf("hand password to initdb: %w", err), reader.Close())
	}
	if _, err := writer.WriteString(password + "\n"); err != nil {
		return nil, errors.Join(fmt.Errorf("hand password to initdb: %w", err), reader.Close())
	}
	return reader, nil
}
