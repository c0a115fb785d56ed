package report

import (
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

// ReadJSON reads a report that [WriteJSON] wrote. It returns an error for another version, an unknown
// member, and everything that [Validate] reports.
func ReadJSON(rd io.Reader) (*Report, error) {
	limited := &io.LimitedReader{R: rd, N: maxReport}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var r Report
	switch err := dec.Decode(&r); {
	case err != nil && limited.N <= 0:
		return nil, fmt.Errorf("read report: it is longer than %d bytes; give the report.json of a run", int64(maxReport))
	case err != nil:
		return nil, fmt.Errorf("read report: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read report: there is data after the report; give a file with one report")
	}
	if err := Validate(&r); err != nil {
		return nil, err
	}
	return &r, nil
}
