package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

//go:embed report.schema.json
var schema []byte

// Schema returns the published JSON Schema of a report.
func Schema() []byte { return append([]byte(nil), schema...) }

// maxReport bounds the size of a report that [ReadJSON] reads. It is about fifty times that of a
// full run.
const maxReport = 256 << 20

// WriteJSON writes a concluded report as JSON that conforms to the schema.
func WriteJSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// ReadJSON reads a report that [WriteJSON] wrote. It returns an error for another version, a truncated
// report, an unknown member, and everything that [Validate] reports.
func ReadJSON(rd io.Reader) (*Report, error) {
	raw, err := io.ReadAll(io.LimitReader(rd, maxReport+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read report: %w", err)
	case len(raw) > maxReport:
		return nil, fmt.Errorf("read report: it is longer than %d bytes; give the report.json of a run", int64(maxReport))
	}
	if err := checkSchema(raw); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var r Report
	if err := dec.Decode(&r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if err := Validate(&r); err != nil {
		return nil, err
	}
	return &r, nil
}

// checkSchema returns an error if raw is not one JSON value with the name of this version.
func checkSchema(raw []byte) error {
	var head struct {
		Schema *string `json:"schema"`
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(&head)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it ends after %d bytes and is not complete; it was truncated or is still being written", len(raw))
	case err != nil:
		return err
	case head.Schema == nil:
		return fmt.Errorf("it has no member \"schema\"; give the report.json of a run")
	case *head.Schema != SchemaID:
		return fmt.Errorf("its schema is %q, and this program reads %q; use the version of countersign that wrote it", *head.Schema, SchemaID)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is data after the report; give a file with one report")
	}
	return nil
}
