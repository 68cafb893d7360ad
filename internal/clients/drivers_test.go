package clients_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNodePostgresGetsThePredictionsThatWereComputedBefore(t *testing.T) {
	needs(t, "node", "npm")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/node")); err != nil {
		t.Fatal(err)
	}
	s := newShop(t)
	s.run(dir, "npm", "install", "--silent", "--no-audit", "--no-fund")
	if out := s.run(dir, "node", "client.js"); strings.Count(out, "ok ") < 17 {
		t.Error(out)
	}
}

// pgjdbc comes from Maven Central.
const pgjdbc = "org.postgresql:postgresql:42.7.8"

func TestPgjdbcGetsThePredictionsThatWereComputedBefore(t *testing.T) {
	needs(t, "java", "javac", "mvn")
	dir := t.TempDir()
	s := newShop(t)
	s.run(dir, "mvn", "--quiet", "dependency:copy", "-Dartifact="+pgjdbc, "-DoutputDirectory="+dir, "-Dmdep.stripVersion=true")
	source, err := filepath.Abs("testdata/java/Client.java")
	if err != nil {
		t.Fatal(err)
	}
	if out := s.run(dir, "java", "-cp", filepath.Join(dir, "postgresql.jar"), source); strings.Count(out, "ok ") < 100 {
		t.Error(out)
	}
}
