package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Strict decodes one JSON value. It refuses unknown members and data after the value; the error names the member and
// what is allowed. Both client and server use it.
func Strict(text []byte, out any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return explain(err, out)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the JSON value")
	}
	return nil
}

// explain returns an error of encoding/json in terms of JSON instead of Go.
func explain(err error, out any) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		where := "the value"
		if wrong.Field != "" {
			where = wrong.Field
		}
		return fmt.Errorf("%s: want %s, got %s", where, jsonKind(wrong.Type), wrong.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		known := map[string]bool{}
		collectMembers(reflect.TypeOf(out), known)
		return fmt.Errorf("unknown member %s; the known members are %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	}
	return fmt.Errorf("the JSON: %w", err)
}

// jsonKind returns the kind of JSON value that a Go type takes.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "an array"
	case reflect.Pointer:
		return jsonKind(t.Elem())
	}
	return "an object"
}

// collectMembers adds the names of the members of a type and of the types in it.
func collectMembers(t reflect.Type, names map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collectMembers(t.Elem(), names)
	case reflect.Struct:
		for f := range t.Fields() {
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				names[name] = true
				collectMembers(f.Type, names)
			}
		}
	}
}
