package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"cvp/engine/blas"
)

// versionCommand tells what this program is.
type versionCommand struct{}

// Run implements the command.
func (versionCommand) Run(t terminal) error {
	fmt.Fprintf(t.out, "cvp %s\n%s %s/%s\nblas: %s\nparser: %s\n",
		buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, blas.Name(), parserName())
	return nil
}

// buildVersion is the module's version and, in a build from a checkout, its commit.
func buildVersion() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := build.Main.Version
	commit, dirty := buildSetting(build, "vcs.revision"), buildSetting(build, "vcs.modified") == "true"
	if version == "" || version == "(devel)" {
		version = "development"
		if commit != "" {
			version += " " + commit[:min(12, len(commit))]
		}
		if dirty {
			version += " with changes"
		}
	}
	return version
}

// parserName says which build of Postgres's grammar reads statements.
func parserName() string {
	build, ok := debug.ReadBuildInfo()
	if ok && buildSetting(build, "CGO_ENABLED") == "1" {
		return "libpg_query (cgo)"
	}
	return "libpg_query (WebAssembly)"
}

func buildSetting(build *debug.BuildInfo, key string) string {
	for _, setting := range build.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return ""
}
