package main

import (
	"os"
	"strings"
	"testing"
)

func TestTheOperatorsManualNamesEveryFlagOfServe(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var c commands
	parser, err := newParser(&c, terminal{out: &strings.Builder{}, errors: &strings.Builder{}})
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse([]string{"serve", "--backend", "postgres://127.0.0.1/"})
	if err != nil {
		t.Fatal(err)
	}
	flags := command.Flags()
	if len(flags) < 15 {
		t.Fatalf("serve has only %d flags", len(flags))
	}
	for _, flag := range flags {
		if flag.Name != "help" && !strings.Contains(string(text), "`--"+flag.Name+"`") {
			t.Errorf("docs/operations.md does not name --%s", flag.Name)
		}
	}
}
