package store

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// The types of this file write and read columns whose Go type differs from the type of the database. Each wraps a
// pointer, so that the same expression serves as an argument and as the target of Scan.

// timestamp is a time in a BIGINT column: microseconds since 1970 UTC. 0 is the zero time.
type timestamp struct{ t *time.Time }

func stamp(t *time.Time) timestamp { return timestamp{t} }

// Value implements driver.Valuer.
func (c timestamp) Value() (driver.Value, error) {
	if c.t.IsZero() {
		return int64(0), nil
	}
	return c.t.UnixMicro(), nil
}

// Scan implements sql.Scanner.
func (c timestamp) Scan(value any) error {
	n, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", value)
	}
	*c.t = time.Time{}
	if n != 0 {
		*c.t = time.UnixMicro(n).UTC()
	}
	return nil
}

// optional is a text in a column that is NULL for "", because it refers to another row or is unique.
type optional struct{ s *string }

// Value implements driver.Valuer.
func (c optional) Value() (driver.Value, error) {
	if *c.s == "" {
		return nil, nil
	}
	return *c.s, nil
}

// Scan implements sql.Scanner.
func (c optional) Scan(value any) error {
	*c.s = ""
	if value == nil {
		return nil
	}
	return scanText(value, func(text string) error { *c.s = text; return nil })
}

// jsonText is a value that a TEXT column contains as JSON.
type jsonText struct{ v any }

// Value implements driver.Valuer.
func (c jsonText) Value() (driver.Value, error) {
	text, err := json.Marshal(c.v)
	return string(text), err
}

// Scan implements sql.Scanner.
func (c jsonText) Scan(value any) error {
	return scanText(value, func(text string) error { return json.Unmarshal([]byte(text), c.v) })
}

// scanText passes the text of a column to set. Drivers return texts as string or []byte.
func scanText(value any, set func(string) error) error {
	switch text := value.(type) {
	case string:
		return set(text)
	case []byte:
		return set(string(text))
	}
	return fmt.Errorf("a text is stored as %T", value)
}
