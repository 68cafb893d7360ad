package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile gives flags the values of a JSON file whose keys are the flags' names.
type configFile map[string]any

var _ kong.Resolver = configFile(nil)

// loadConfigFile reads one JSON object.
func loadConfigFile(r io.Reader) (kong.Resolver, error) {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	var file configFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("the config file is not a JSON object: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the config file holds more than one JSON object")
	}
	return file, nil
}

// Validate implements kong.Resolver: a key that no command has a flag for is a mistake. One file may hold the
// settings of several commands.
func (f configFile) Validate(app *kong.Application) error {
	known := settings(app.Node)
	var unknown []string
	for name := range f {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("the config file has unknown settings: %s (known are: %s)", strings.Join(unknown, ", "), strings.Join(known, ", "))
}

// settings are the names of all flags that a file may set.
func settings(app *kong.Node) []string {
	var names []string
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && flag.Name != "help" && flag.Name != "config" {
			names = append(names, flag.Name)
		}
		return next(nil)
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// Resolve implements kong.Resolver. What the environment says is left alone: kong would let a file win.
func (f configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, ok := f[flag.Name]
	if !ok {
		return nil, nil
	}
	if number, ok := value.(json.Number); ok {
		return number.String(), nil
	}
	return value, nil
}
