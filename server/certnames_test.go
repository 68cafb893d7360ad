package server

import (
	"strings"
	"testing"
)

func TestCertNames(t *testing.T) {
	names, err := ReadCertNames(strings.NewReader(`
# comment
alice      alice
alice      reporting   # a second role
"Bob Miller" bob
/^(.*)@shop\.example$  \1
/^svc-     service
"with#hash"	"a role"
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, role string
		want       bool
	}{
		{"alice", "alice", true}, {"alice", "reporting", true}, {"alice", "bob", false}, {"Bob Miller", "bob", true}, {"Bob", "bob", false},
		{"eve@shop.example", "eve", true}, {"eve@shop.example", "postgres", false}, {"eve@shop-example", "eve", false}, {"eve@shop.example.evil", "eve", false},
		{"svc-1", "service", true}, {"svc-1", "svc-1", false}, {"with#hash", "a role", true}, {"bob", "bob", false}, {"", "", false},
	} {
		if got := names.allows(c.name, c.role); got != c.want {
			t.Errorf("certificate %q as %q: %v, want %v", c.name, c.role, got, c.want)
		}
	}
	if none := (CertNames{}); !none.allows("alice", "alice") || none.allows("alice", "Alice") {
		t.Error("without a map, names must be equal")
	}
	for _, bad := range []string{"", "# nothing", "alice", "a b c", `"alice bob`, "/( x", `/^x$ \1`} {
		if _, err := ReadCertNames(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// FuzzCertNames reads any file, and what it then allows.
func FuzzCertNames(f *testing.F) {
	f.Add("alice bob\n/^(.*)@x$ \\1", "alice", "bob")
	f.Add(`"a b" "c"`, "a b", "c")
	f.Fuzz(func(t *testing.T, file, name, role string) {
		names, err := ReadCertNames(strings.NewReader(file))
		if err != nil {
			return
		}
		if len(names.lines) == 0 {
			t.Fatal("a file without lines makes every certificate its own role")
		}
		names.allows(name, role)
	})
}
