package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// parse reads a command line as run does, without running it.
func parse(t *testing.T, args ...string) (*commands, error) {
	t.Helper()
	var c commands
	parser, err := newParser(&c, terminal{out: &strings.Builder{}, errors: &strings.Builder{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	return &c, err
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cvp.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestASettingComesFromFlagThenEnvironmentThenFileThenDefault(t *testing.T) {
	config := writeConfig(t, `{"listen": "file:1", "backend": "file", "max-connections": 7, "startup-timeout": "3s", "log-level": "warn"}`)
	tests := map[string]struct {
		environment map[string]string
		args        []string
		listen      string
	}{
		"default":                    {nil, []string{"--backend=flag"}, "127.0.0.1:6432"},
		"file over default":          {nil, []string{"--config", config}, "file:1"},
		"environment over default":   {map[string]string{"CVP_LISTEN": "environment:1"}, []string{"--backend=flag"}, "environment:1"},
		"environment over file":      {map[string]string{"CVP_LISTEN": "environment:1"}, []string{"--config", config}, "environment:1"},
		"flag over environment":      {map[string]string{"CVP_LISTEN": "environment:1"}, []string{"--backend=flag", "--listen=flag:1"}, "flag:1"},
		"flag over all of them":      {map[string]string{"CVP_LISTEN": "environment:1"}, []string{"--config", config, "--listen=flag:1"}, "flag:1"},
		"file named by environment":  {map[string]string{"CVP_CONFIG": config}, nil, "file:1"},
		"flag that is the default's": {nil, []string{"--config", config, "--listen=127.0.0.1:6432"}, "127.0.0.1:6432"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			c, err := parse(t, append([]string{"serve"}, test.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			if c.Serve.Listen != test.listen {
				t.Errorf("listen is %q, want %q", c.Serve.Listen, test.listen)
			}
		})
	}
}

func TestAFileSetsEveryKindOfSetting(t *testing.T) {
	config := writeConfig(t, `{"backend": "postgres://db/", "max-connections": 7, "startup-timeout": "3s", "log-level": "warn", "log-format": "json", "once": true}`)
	c, err := parse(t, "serve", "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve.Backend != "postgres://db/" || c.Serve.MaxConnections != 7 || c.Serve.StartupTimeout != 3*time.Second ||
		c.Log.Level != slog.LevelWarn || c.Log.Format != "json" {
		t.Errorf("the file gives %+v %+v", c.Serve, c.Log)
	}
	if c, err = parse(t, "demo", "--config", config); err != nil || !c.Demo.Once {
		t.Errorf("the same file for another command gives %+v, %v", c.Demo, err)
	}
}

func TestABadCommandLineOrFileIsExplained(t *testing.T) {
	tests := map[string]struct {
		config string
		args   []string
		want   string
	}{
		"unknown setting in the file":   {`{"backend": "x", "lissen": "y"}`, []string{"serve"}, "unknown settings: lissen (known are: auth-file, auth-query, backend,"},
		"the file is no JSON":           {`listen: x`, []string{"serve", "--backend=x"}, "not a JSON object"},
		"the file is a list":            {`[1]`, []string{"serve", "--backend=x"}, "not a JSON object"},
		"two objects in the file":       {`{} {}`, []string{"serve", "--backend=x"}, "more than one"},
		"a word where a number belongs": {`{"backend": "x", "max-connections": "many"}`, []string{"serve"}, "max-connections"},
		"no backend":                    {`{}`, []string{"serve"}, "--backend"},
		"certificate without key":       {`{}`, []string{"serve", "--backend=x", "--tls-cert=c"}, "go together"},
		"negative limit":                {`{"threads": -1}`, []string{"serve", "--backend=x"}, "negative"},
		"unknown log format":            {`{"log-format": "xml"}`, []string{"serve", "--backend=x"}, "log-format"},
		"unknown flag":                  {`{}`, []string{"serve", "--backend=x", "--frobnicate"}, "frobnicate"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, append(test.args, "--config", writeConfig(t, test.config))...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q in it", err, test.want)
			}
		})
	}
}

func FuzzConfigFile(f *testing.F) {
	for _, seed := range []string{`{}`, `{"listen": "x"}`, `{"max-connections": 1e9}`, `{"backend": null}`, `{"log-level": {"a": [1]}}`, `[`, `{"threads": 1}{}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		resolver, err := loadConfigFile(strings.NewReader(text))
		if err != nil {
			return
		}
		var c commands
		parser, err := kong.New(&c, kong.Resolvers(resolver))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = parser.Parse([]string{"serve"}) // an error is fine, a panic is not
	})
}
