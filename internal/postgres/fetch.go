package postgres

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetchedVersions are the releases that can be fetched; the first is the default.
var fetchedVersions = []embedded.PostgresVersion{
	embedded.V17, embedded.V18, embedded.V16, embedded.V15, embedded.V14, embedded.V13,
}

// CacheDir is where cvp keeps what it can make or fetch again: the user's cache directory, or the system's
// where we are root, since no other user may look into root's home.
func CacheDir() (string, error) {
	if os.Getenv("XDG_CACHE_HOME") == "" && os.Geteuid() == 0 && runtime.GOOS != "windows" {
		return "/var/cache/cvp", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	return filepath.Join(dir, "cvp"), nil
}

// fetch gives programs of the wanted major version (0: the default) from the cache, filling it first where
// they are not there. Programs come into the cache by a rename, so they are all there or not at all.
func fetch(ctx context.Context, config Config, major int) (programs, error) {
	version, err := fetchedVersion(major)
	if err != nil {
		return programs{}, err
	}
	cache := config.CacheDir
	if cache == "" {
		base, err := CacheDir()
		if err != nil {
			return programs{}, err
		}
		cache = filepath.Join(base, "postgres")
	}
	home := filepath.Join(cache, string(version))
	if found, err := inspect(ctx, filepath.Join(home, "bin")); err == nil {
		found.fetched = true
		return found, nil
	}
	config.Log.Info("no postgres on this machine: fetching it", "version", string(version), "to", home)
	if err := download(cache, home, version); err != nil {
		return programs{}, fmt.Errorf("fetch postgres %s: %w", version, err)
	}
	found, err := inspect(ctx, filepath.Join(home, "bin"))
	found.fetched = true
	return found, err
}

// download lets embedded-postgres fetch, check and unpack an archive. The library has no call for that alone,
// and its Start cannot run as root: it is pointed at a data directory that holds nothing but a version, so
// that it stops after unpacking, on every machine alike. Whether the programs run is checked afterwards.
func download(cache, home string, version embedded.PostgresVersion) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)

	data, unpacked := filepath.Join(work, "data"), filepath.Join(work, "unpacked")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	major, _, _ := strings.Cut(string(version), ".")
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(major+"\n"), 0o600); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	library := embedded.NewDatabase(embedded.DefaultConfig().
		Version(version).
		Port(uint32(port)).
		CachePath(filepath.Join(work, "archive")).
		RuntimePath(filepath.Join(work, "runtime")).
		BinariesPath(unpacked).
		DataPath(data).
		Logger(discard{}))
	startErr := library.Start()
	http.DefaultClient.CloseIdleConnections() // the library's own
	if _, err := os.Stat(filepath.Join(unpacked, "bin", "postgres")); err != nil {
		return startErr
	}
	if err := os.Chmod(unpacked, 0o755); err != nil {
		return err
	}
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	return os.Rename(unpacked, home)
}

func fetchedVersion(major int) (embedded.PostgresVersion, error) {
	if major == 0 {
		return fetchedVersions[0], nil
	}
	for _, version := range fetchedVersions {
		if strings.HasPrefix(string(version), strconv.Itoa(major)+".") {
			return version, nil
		}
	}
	return "", fmt.Errorf("the data directory is of postgres %d, which is neither on this machine nor can be fetched", major)
}

// discard swallows the library's log: the start that it reports is meant to fail.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
