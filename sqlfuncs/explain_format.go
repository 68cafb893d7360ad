package sqlfuncs

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"cvp/sqlfuncs/calls"
)

// property is one thing that an EXPLAIN says of a call.
type property struct {
	name  string
	value any // string, int or float64
}

// properties lists what there is to say of a call, in the order in which it is done.
func (x *explanation) properties(e *explained) []property {
	p := []property{{"Function", e.function}}
	add := func(name string, value any) { p = append(p, property{name, value}) }
	if m := e.model; m != nil {
		add("Model", m.version.Name)
		add("Version", m.version.Version)
		add("Algorithm", m.version.Algorithm)
	}
	if e.count > 1 {
		add("Calls", e.count)
	}
	switch {
	case e.named:
		add("Keys", "the one that the statement names")
	case e.keys != "":
		add("Keys", e.keys)
	case e.every != "":
		add("Keys", "all keys of the model, because "+e.every)
	}
	add("Place", e.place)
	if x.analyze && e.function != calls.Train {
		add("Actual Keys", e.pulled)
		add("Actual Batches", e.batches)
		add("Actual Scores", e.scored)
		if x.timing {
			add("Key Time", milliseconds(e.pulling))
			add("Score Time", milliseconds(e.scoring))
		}
	}
	return p
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// written puts what there is to say before Postgres's plan, and tells the type of the rows.
func (x *explanation) written(plan []string) (rows []string, kind string) {
	switch x.format {
	case "json":
		return replaced(plan, "{", x.json()), "json"
	case "xml":
		return replaced(plan, "<Query>", x.xml()), "xml"
	case "yaml":
		return replaced(plan, "- ", x.yaml()), "text"
	}
	for _, e := range x.calls {
		rows = append(rows, x.text(e)...)
	}
	return append(rows, plan...), "text"
}

// replaced writes more behind the first occurrence of what a document opens with.
func replaced(plan []string, opening, more string) []string {
	return []string{strings.Replace(strings.Join(plan, "\n"), opening, opening+more, 1)}
}

// text is the form for people:
//
//	CVP Predict  (model=churn version=3 algorithm=logistic)
//	  Keys: SELECT DISTINCT …
//	  Place: join on the key
//	  Actual: keys=100 batches=1 scores=98 key time=1.2 ms score time=3.4 ms
func (x *explanation) text(e *explained) []string {
	head := "CVP " + map[string]string{calls.Predict: "Predict", calls.Predictions: "Predictions", calls.Train: "Train"}[e.function]
	var of, actual, lines []string
	for _, p := range x.properties(e) {
		name := strings.ToLower(p.name)
		switch {
		case p.name == "Function":
		case p.name == "Model", p.name == "Version", p.name == "Algorithm":
			of = append(of, fmt.Sprintf("%s=%v", name, p.value))
		case strings.HasPrefix(p.name, "Actual "):
			actual = append(actual, fmt.Sprintf("%s=%v", strings.TrimPrefix(name, "actual "), p.value))
		case strings.HasSuffix(p.name, " Time"):
			actual = append(actual, fmt.Sprintf("%s=%.3f ms", name, p.value))
		default:
			lines = append(lines, fmt.Sprintf("  %s: %v", p.name, p.value))
		}
	}
	if len(of) > 0 {
		head += "  (" + strings.Join(of, " ") + ")"
	}
	if len(actual) > 0 {
		lines = append(lines, "  Actual: "+strings.Join(actual, " "))
	}
	return append([]string{head}, lines...)
}

// json is the member "CVP" of the plan's object.
func (x *explanation) json() string {
	var b strings.Builder
	for i, e := range x.calls {
		b.WriteString(map[bool]string{true: "\n      {", false: ",\n      {"}[i == 0])
		for j, p := range x.properties(e) {
			if j > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "\n        %s: %s", scalar(p.name), scalar(p.value))
		}
		b.WriteString("\n      }")
	}
	return "\n    \"CVP\": [" + b.String() + "\n    ],"
}

// yaml is the key CVP of the plan's first document.
func (x *explanation) yaml() string {
	var b strings.Builder
	b.WriteString("CVP: \n")
	for _, e := range x.calls {
		indent := "    - "
		for _, p := range x.properties(e) {
			fmt.Fprintf(&b, "%s%s: %s\n", indent, p.name, scalar(p.value))
			indent = "      "
		}
	}
	return b.String() + "  "
}

// xml is an element of the plan's Query.
func (x *explanation) xml() string {
	var b strings.Builder
	b.WriteString("\n    <CVP>")
	for _, e := range x.calls {
		b.WriteString("\n      <Call>")
		for _, p := range x.properties(e) {
			name := strings.ReplaceAll(p.name, " ", "-")
			fmt.Fprintf(&b, "\n        <%s>", name)
			_ = xml.EscapeText(&b, fmt.Append(nil, p.value)) // a Builder takes everything
			fmt.Fprintf(&b, "</%s>", name)
		}
		b.WriteString("\n      </Call>")
	}
	return b.String() + "\n    </CVP>"
}

// scalar is a value as JSON, which YAML reads as well.
func scalar(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // SQL is easier to read with its <
	_ = e.Encode(v)        // texts and numbers can be encoded
	return strings.TrimSpace(b.String())
}
