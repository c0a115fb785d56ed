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

// maxReport bounds what [ReadJSON] takes in: some fifty times a full run.
const maxReport = 256 << 20

// WriteJSON writes a concluded report in its published form.
func WriteJSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// ReadJSON reads a report that [WriteJSON] wrote. The error says what is wrong with
// its form: another version, an unknown member, or anything [Validate] finds.
func ReadJSON(rd io.Reader) (*Report, error) {
	limited := &io.LimitedReader{R: rd, N: maxReport}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var r Report
	switch err := dec.Decode(&r); {
	case err != nil && limited.N <= 0:
		return nil, fmt.Errorf("read report: longer than %d bytes", int64(maxReport))
	case err != nil:
		return nil, fmt.Errorf("read report: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read report: something follows the report")
	}
	if err := Validate(&r); err != nil {
		return nil, err
	}
	return &r, nil
}
