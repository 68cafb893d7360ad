package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// CertNames says which roles the owner of a client certificate may be. Without lines, the certificate's common
// name has to be the role's own.
type CertNames struct {
	lines []certName
}

// certName lets certificates of one name, or of those that match an expression, be one role.
type certName struct {
	name    string
	pattern *regexp.Regexp
	role    string // \1 stands for what the expression's first group matched
}

// ReadCertNames reads lines of two fields, a certificate's common name and a role, with the rules of
// pg_ident.conf: a name that starts with a slash is a regular expression, of which \1 in the role is the first
// group; quotes keep blanks; # starts a comment.
func ReadCertNames(r io.Reader) (CertNames, error) {
	var names CertNames
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields, err := splitFields(lines.Text())
		if err == nil && len(fields) == 0 {
			continue
		}
		if err == nil && len(fields) != 2 {
			err = fmt.Errorf("%d fields in place of a certificate's name and a role", len(fields))
		}
		var line certName
		if err == nil {
			line, err = newCertName(fields[0], fields[1])
		}
		if err != nil {
			return CertNames{}, fmt.Errorf("read certificate names: line %d: %w", n, err)
		}
		names.lines = append(names.lines, line)
	}
	if err := lines.Err(); err != nil {
		return CertNames{}, fmt.Errorf("read certificate names: %w", err)
	}
	if len(names.lines) == 0 {
		return CertNames{}, errors.New("read certificate names: the file has no line, which would mean that every certificate is its own role")
	}
	return names, nil
}

func newCertName(name, role string) (certName, error) {
	if !strings.HasPrefix(name, "/") {
		return certName{name: name, role: role}, nil
	}
	pattern, err := regexp.Compile(name[1:])
	if err != nil {
		return certName{}, err
	}
	if strings.Contains(role, `\1`) && pattern.NumSubexp() == 0 {
		return certName{}, fmt.Errorf("regular expression %q has no group for \\1 in %q", name[1:], role)
	}
	return certName{pattern: pattern, role: role}, nil
}

// splitFields splits a line at blanks outside of double quotes.
func splitFields(line string) ([]string, error) {
	var fields []string
	var field strings.Builder
	inField, quoted := false, false
	for _, r := range line {
		switch {
		case r == '"':
			quoted, inField = !quoted, true
		case quoted:
			field.WriteRune(r)
		case r == '#', r == ' ', r == '\t', r == '\r':
			if inField {
				fields, inField = append(fields, field.String()), false
				field.Reset()
			}
			if r == '#' {
				return fields, nil
			}
		default:
			inField = true
			field.WriteRune(r)
		}
	}
	if quoted {
		return nil, errors.New("a quote is not closed")
	}
	if inField {
		fields = append(fields, field.String())
	}
	return fields, nil
}

// allows says whether a certificate made out to name may be a role.
func (n CertNames) allows(name, role string) bool {
	if len(n.lines) == 0 {
		return name == role
	}
	for _, line := range n.lines {
		if line.allows(name, role) {
			return true
		}
	}
	return false
}

func (l certName) allows(name, role string) bool {
	if l.pattern == nil {
		return l.name == name && l.role == role
	}
	groups := l.pattern.FindStringSubmatch(name)
	if groups == nil {
		return false
	}
	want := l.role
	if len(groups) > 1 {
		want = strings.Replace(want, `\1`, groups[1], 1)
	}
	return want == role
}
