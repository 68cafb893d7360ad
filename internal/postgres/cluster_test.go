package postgres_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"cvp/internal/postgres"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// settings keep the tests short.
var settings = map[string]string{"fsync": "off", "shared_buffers": "16MB"}

// clusterDir is open to the user who runs Postgres in root's place, which t.TempDir is not.
func clusterDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cvp-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func start(t *testing.T, ctx context.Context, config postgres.Config) *postgres.Cluster {
	t.Helper()
	if config.Settings == nil {
		config.Settings = settings
	}
	cluster, err := postgres.Start(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cluster) })
	return cluster
}

func stop(t *testing.T, cluster *postgres.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := cluster.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// query runs sql in the cluster and scans one value.
func query[T any](t *testing.T, url, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(context.Background(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestASecondStartReusesTheDataDirectory(t *testing.T) {
	dir := clusterDir(t)
	first := start(t, t.Context(), postgres.Config{Dir: dir})
	if !first.Fresh {
		t.Error("the first start says that it reused a data directory")
	}
	execute(t, first.URL("postgres"), "CREATE TABLE kept AS SELECT 42 AS x")
	stop(t, first)

	second := start(t, t.Context(), postgres.Config{Dir: dir})
	if second.Fresh {
		t.Error("the second start says that it made the data directory anew")
	}
	if got := query[int](t, second.URL("postgres"), "SELECT x FROM kept"); got != 42 {
		t.Errorf("kept row is %d, want 42", got)
	}
	if first.Password() != second.Password() {
		t.Error("the second start has another password than the first")
	}
}

func TestSettingsReachTheServerAndTheServerIsNotRoot(t *testing.T) {
	cluster := start(t, t.Context(), postgres.Config{Dir: clusterDir(t), Settings: map[string]string{
		"fsync": "off", "work_mem": "7MB", "application_name": "it's two words"}})
	url := cluster.URL("postgres")
	for name, want := range map[string]string{"work_mem": "7MB", "fsync": "off", "application_name": "it's two words", "listen_addresses": "127.0.0.1"} {
		if got := query[string](t, url, "SELECT reset_val || coalesce(nullif(unit, '8kB'), '') FROM pg_settings WHERE name = '"+name+"'"); !sameSetting(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := query[string](t, url, "SELECT current_user::text"); got != "postgres" {
		t.Errorf("user is %q, want postgres", got)
	}
	if path := filepath.Join(cluster.SocketDir, ".s.PGSQL.65535"); len(path) > 100 {
		t.Errorf("socket path %s has %d bytes, want at most 100", path, len(path))
	}
	sockets, err := filepath.Glob(filepath.Join(cluster.SocketDir, ".s.PGSQL.*"))
	if err != nil || len(sockets) == 0 {
		t.Errorf("no socket in %s: %v", cluster.SocketDir, err)
	}
}

// sameSetting compares a setting as the server stores it with what was asked for.
func sameSetting(got, want string) bool { return got == want || got == "7168kB" && want == "7MB" }

func TestTheClusterEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cluster := start(t, ctx, postgres.Config{Dir: clusterDir(t)})
	cancel()
	select {
	case <-cluster.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the server still runs 20 s after its context ended")
	}
	if _, err := pgx.Connect(context.Background(), cluster.URL("postgres")); err == nil {
		t.Error("the server still takes connections after its context ended")
	}
}

func TestStopIsQuickWhileClientsAreConnectedAndMayBeRepeated(t *testing.T) {
	cluster := start(t, t.Context(), postgres.Config{Dir: clusterDir(t)})
	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	began := time.Now()
	stop(t, cluster)
	stop(t, cluster)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %v with a client connected", took)
	}
	if _, err := os.Stat(cluster.SocketDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("socket directory is still there after Stop: %v", err)
	}
}

func TestStartExplainsWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	used := clusterDir(t)
	start(t, t.Context(), postgres.Config{Dir: used, SuperuserPassword: "first"})

	tests := map[string]struct {
		config postgres.Config
		want   string
	}{
		"no directory": {postgres.Config{}, "no directory"},
		"port taken": {postgres.Config{Dir: clusterDir(t), Port: taken.Addr().(*net.TCPAddr).Port, Settings: settings},
			"Address already in use"},
		"unknown setting": {postgres.Config{Dir: clusterDir(t), Settings: map[string]string{"no_such_setting": "1"}},
			"no_such_setting"},
		"another password": {postgres.Config{Dir: used, SuperuserPassword: "second"}, "another password"},
		"in use":           {postgres.Config{Dir: used}, "postmaster.pid"},
		"no programs": {postgres.Config{Dir: clusterDir(t), BinDir: t.TempDir()},
			"look for postgres programs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cluster, err := postgres.Start(t.Context(), test.config)
			if err == nil {
				stop(t, cluster)
				t.Fatalf("started, want an error with %q", test.want)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestAnUnfinishedDataDirectoryIsMadeAnew(t *testing.T) {
	dir := clusterDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.partial", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if cluster := start(t, t.Context(), postgres.Config{Dir: dir}); !cluster.Fresh {
		t.Error("an unfinished data directory was reused")
	}
}

// The programs come from Maven Central when the cache is empty; where a machine has no way there, name a
// filled cache in CVP_TEST_POSTGRES_CACHE.
func TestFetchedProgramsRunAClusterAndAreKept(t *testing.T) {
	cache := os.Getenv("CVP_TEST_POSTGRES_CACHE")
	if cache == "" {
		cache = clusterDir(t)
		if err := os.Chmod(cache, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cluster := start(t, t.Context(), postgres.Config{Dir: clusterDir(t), AlwaysFetch: true, CacheDir: cache})
	if !cluster.Fetched {
		t.Error("the cluster says that its programs were found on the machine")
	}
	if !strings.HasPrefix(cluster.BinDir, cache) {
		t.Errorf("programs run from %s, want them under the cache %s", cluster.BinDir, cache)
	}
	if got := query[int](t, cluster.URL("postgres"), "SELECT 40 + 2"); got != 42 {
		t.Errorf("the fetched server says that 40 + 2 is %d", got)
	}
	kept, err := os.Stat(filepath.Join(cluster.BinDir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	again := start(t, t.Context(), postgres.Config{Dir: clusterDir(t), AlwaysFetch: true, CacheDir: cache})
	if now, err := os.Stat(filepath.Join(again.BinDir, "postgres")); err != nil || !os.SameFile(kept, now) {
		t.Errorf("the second start fetched again: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "fetch-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("fetching left %v behind: %v", left, err)
	}
}

func TestRemoveRefusesARunningClusterAndTakesNothingElse(t *testing.T) {
	dir := clusterDir(t)
	cluster := start(t, t.Context(), postgres.Config{Dir: dir})
	foreign := filepath.Join(dir, "letters.txt")
	if err := os.WriteFile(foreign, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Remove(dir); err == nil || !strings.Contains(err.Error(), "postgres runs there") {
		t.Errorf("removing a running cluster gives %v, want a refusal", err)
	}
	query[int](t, cluster.URL("postgres"), "SELECT 1")
	stop(t, cluster)
	if err := postgres.Remove(dir); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) != 1 || left[0] != foreign {
		t.Errorf("after Remove the directory holds %v (%v), want the foreign file alone", left, err)
	}
}
