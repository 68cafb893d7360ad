package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest Postgres that cvp is meant for.
const oldestMajor = 13

// programs is a directory of Postgres programs.
type programs struct {
	dir     string
	major   int
	fetched bool
}

func (p programs) path(name string) string { return filepath.Join(p.dir, name) }

// programPatterns are where distributions put the server's programs, since they are rarely on PATH.
var programPatterns = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // PGDG on Red Hat
	"/usr/lib/postgresql*/bin",                           // SUSE
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
	"/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",     // Homebrew on Linux
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	"/usr/local/pgsql/bin",                               // built from source
}

// findPrograms looks on the machine, then in what was fetched before, then fetches. A data directory that
// exists decides the major version.
func findPrograms(ctx context.Context, config Config) (programs, error) {
	want, err := dataMajor(config.Dir)
	if err != nil {
		return programs{}, err
	}
	if config.BinDir != "" {
		return inspect(ctx, config.BinDir)
	}
	if !config.AlwaysFetch {
		for _, found := range onMachine(ctx) {
			if want == 0 || found.major == want {
				return found, nil
			}
		}
	}
	return fetch(ctx, config, want)
}

// Installed gives the directory of the server's programs that Start would use from this machine, or "" where
// it would have to fetch them.
func Installed(ctx context.Context) string {
	if found := onMachine(ctx); len(found) > 0 {
		return found[0].dir
	}
	return ""
}

// onMachine gives pg_config's directory first, then the others, newest first.
func onMachine(ctx context.Context) []programs {
	var first, others []programs
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		if found, err := inspect(ctx, strings.TrimSpace(string(out))); err == nil {
			first = append(first, found)
		}
	}
	for _, pattern := range programPatterns {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			if found, err := inspect(ctx, dir); err == nil {
				others = append(others, found)
			}
		}
	}
	slices.SortStableFunc(others, func(a, b programs) int { return b.major - a.major })
	return append(first, others...)
}

var versionPattern = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspect runs `postgres --version` in dir, which also shows that the program runs on this machine.
func inspect(ctx context.Context, dir string) (programs, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return programs{}, fmt.Errorf("look for postgres programs: %w", err)
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return programs{}, fmt.Errorf("run %s: %w", filepath.Join(dir, "postgres"), err)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return programs{}, fmt.Errorf("%s does not look like postgres: %q", dir, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil || major < oldestMajor {
		return programs{}, fmt.Errorf("postgres in %s is version %s; %d or newer is needed", dir, match[1], oldestMajor)
	}
	return programs{dir: dir, major: major}, nil
}

// dataMajor is the major version of the data directory under dir, 0 where there is none.
func dataMajor(dir string) (int, error) {
	path := filepath.Join(dataDir(dir), "PG_VERSION")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data directory: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s holds %q, not a version", path, text)
	}
	return major, nil
}
