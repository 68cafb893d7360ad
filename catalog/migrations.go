package catalog

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered step of the schema. A file that was released is never edited: a change is a new file.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations reads the embedded files in order. Their numbers are 1, 2, 3, … without a gap, which a test holds.
func migrations() ([]migration, error) {
	files, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	steps := make([]migration, 0, len(files))
	for _, file := range files {
		number, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number: %w", file.Name(), err)
		}
		text, err := fs.ReadFile(migrationFiles, "migrations/"+file.Name())
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", file.Name(), err)
		}
		steps = append(steps, migration{version: version, name: name, sql: string(text)})
	}
	return steps, nil
}

// Latest is the version of schema cvp that this program needs.
func Latest() int {
	files, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		panic("catalog: the embedded migrations cannot be listed: " + err.Error())
	}
	return len(files)
}
