package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/engine/blas"
	"cvp/internal/postgres"
)

// oldestBackend is the first major version of Postgres that cvp is tested with.
const oldestBackend = 13

// doctorCommand checks what cvp needs, one line a finding.
type doctorCommand struct {
	Backend string `help:"Database to look at, as a URL or keywords with a user and password." env:"CVP_BACKEND" placeholder:"URL"`
}

// verdict is how a finding stands. The worst one decides the exit status.
type verdict string

const (
	ok   verdict = "ok"
	warn verdict = "warn" // works, though not at its best or not for everybody
	fail verdict = "fail" // does not work
)

// finding is one line of the report.
type finding struct {
	subject string
	verdict verdict
	found   string
	advice  string // what to do about it; empty where nothing is to be done
}

// errUnwell is the outcome of a report with a failure in it.
var errUnwell = errors.New("something above has failed")

// Run implements the command.
func (c *doctorCommand) Run(ctx context.Context, t terminal) error {
	findings := append(c.backend(ctx), machine(ctx)...)
	unwell := false
	for _, f := range findings {
		fmt.Fprintf(t.out, "%-4s  %-10s  %s\n", f.verdict, f.subject, f.found)
		if f.advice != "" {
			fmt.Fprintf(t.out, "%-4s  %-10s  → %s\n", "", "", f.advice)
		}
		unwell = unwell || f.verdict == fail
	}
	if unwell {
		return errUnwell
	}
	return nil
}

// backend checks the database, as far as it can be reached.
func (c *doctorCommand) backend(ctx context.Context) []finding {
	if c.Backend == "" {
		return []finding{{"postgres", warn, "not checked: no backend given", "Name a database: cvp doctor --backend postgres://user@host:5432/database"}}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	began := time.Now()
	conn, err := pgx.Connect(ctx, c.Backend)
	if err != nil {
		return []finding{{"postgres", fail, err.Error(), connectAdvice(err)}}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return append([]finding{version(conn, time.Since(began))}, schema(ctx, conn)...)
}

func connectAdvice(err error) string {
	refused := (*pgconn.PgError)(nil)
	switch {
	case !errors.As(err, &refused):
		return "Check host and port, that Postgres runs, and that no firewall is between."
	case refused.Code == "28P01" || refused.Code == "28000":
		return "Check user and password, and the server's pg_hba.conf."
	case refused.Code == "3D000":
		return "Create the database, or name another one at the end of the URL."
	}
	return "The message is the server's own: see its log."
}

func version(conn *pgx.Conn, took time.Duration) finding {
	text := conn.PgConn().ParameterStatus("server_version")
	found := fmt.Sprintf("version %s at %s:%d, connected in %v", text, conn.Config().Host, conn.Config().Port, took.Round(time.Millisecond))
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(text)
	}
	if major, err := strconv.Atoi(text[:digits]); err != nil || major < oldestBackend {
		return finding{"postgres", warn, found, fmt.Sprintf("cvp is tested with version %d and newer.", oldestBackend)}
	}
	return finding{"postgres", ok, found, ""}
}

// schema checks schema cvp, or the right to create it.
func schema(ctx context.Context, conn *pgx.Conn) []finding {
	state, err := catalog.Inspect(ctx, conn.PgConn())
	if err != nil {
		return []finding{{"schema cvp", fail, err.Error(), hint(err)}}
	}
	latest := catalog.Latest()
	switch {
	case state.Version > latest:
		return []finding{{"schema cvp", fail, fmt.Sprintf("version %d, newer than this program's %d", state.Version, latest), "Use a newer cvp."}}
	case state.Version == latest:
		return []finding{rightsFinding(ctx, conn, fmt.Sprintf("version %d, owned by %s", latest, state.Owner))}
	}
	found := "not there yet"
	if state.Version > 0 {
		found = fmt.Sprintf("version %d, to be migrated to %d", state.Version, latest)
	}
	command := "cvp install --backend postgres://" + state.Owner + "@…/" + conn.Config().Database
	switch {
	case state.ReadOnly:
		return []finding{{"schema cvp", fail, found + ", and the database is read-only", "Install on the primary: " + command}}
	case !state.MayInstall:
		return []finding{{"schema cvp", fail, fmt.Sprintf("%s, and %s may not create it", found, conn.Config().User), "Let the owner do it once: " + command}}
	}
	return []finding{{"schema cvp", ok, found + "; the first cvp_ statement of this user will do it", ""}}
}

// rightsFinding judges who owns an installed schema.
func rightsFinding(ctx context.Context, conn *pgx.Conn, found string) finding {
	rights, err := catalog.InspectRights(ctx, conn.PgConn())
	if err != nil {
		return finding{"schema cvp", fail, err.Error(), hint(err)}
	}
	found += ", " + usable(rights)
	if rights.Superuser {
		return finding{"schema cvp", ok, found, "A role without a login is a safer owner than a superuser: cvp install --owner cvp_owner."}
	}
	return finding{"schema cvp", ok, found, ""}
}

func hint(err error) string {
	if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) {
		return refused.Hint
	}
	return ""
}

// machine checks what the engine runs on.
func machine(ctx context.Context) []finding {
	findings := []finding{
		{"processors", ok, strconv.Itoa(runtime.GOMAXPROCS(0)), ""},
		{"parser", ok, parserName(), ""},
		blasFinding(),
		gpuFinding("/proc/driver/nvidia/gpus"),
	}
	if dir := postgres.Installed(ctx); dir != "" {
		return append(findings, finding{"demo", ok, "uses Postgres in " + dir, ""})
	}
	return append(findings, finding{"demo", ok, "will fetch a Postgres: there is none on this machine", ""})
}

func blasFinding() finding {
	name := blas.Name()
	if strings.HasPrefix(name, "OpenBLAS") {
		return finding{"blas", ok, name, ""}
	}
	return finding{"blas", warn, name, "Neural nets train several times faster with OpenBLAS: install libopenblas-dev and a C compiler, then make build."}
}

// gpuFinding looks where the NVIDIA driver lists its devices; this build computes on processors alone.
func gpuFinding(driver string) finding {
	paths, _ := filepath.Glob(filepath.Join(driver, "*", "information"))
	var models []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "Model" {
				models = append(models, strings.TrimSpace(value))
			}
		}
	}
	if len(models) == 0 {
		return finding{"gpu", ok, "none; models train on the processors", ""}
	}
	return finding{"gpu", warn, strings.Join(models, ", ") + ", not used", "This version of cvp computes on the processors only."}
}
