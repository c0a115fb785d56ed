package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// fill replaces the placeholders in text. A brace that begins no placeholder is kept, so that text may
// be JSON. A placeholder without a value, or with an empty one, is an error, so that no request is sent
// with an incomplete credential.
func (v *visit) fill(text string) (string, error) {
	if !strings.Contains(text, "{") {
		return text, nil
	}
	var out strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			out.WriteString(text)
			return out.String(), nil
		}
		out.WriteString(text[:open])
		text = text[open:]
		end := strings.IndexByte(text, '}')
		if end < 0 || !isPlaceholder(text[1:end]) {
			out.WriteByte('{')
			text = text[1:]
			continue
		}
		value, err := v.value(text[1:end])
		if err != nil {
			return "", fmt.Errorf("no value for %s: %w", text[:end+1], err)
		}
		if value == "" {
			return "", fmt.Errorf("no value for %s", text[:end+1])
		}
		out.WriteString(value)
		text = text[end+1:]
	}
}

// isPlaceholder reports whether text names one or more sources of a value, separated by bars. The first
// source with a value is used.
func isPlaceholder(text string) bool {
	for name := range strings.SplitSeq(text, "|") {
		if !isSource(name) {
			return false
		}
	}
	return true
}

func isSource(name string) bool {
	kind, rest, dotted := strings.Cut(name, ".")
	switch kind {
	case "token", "opened":
		return !dotted
	case "env", "header", "file":
		return dotted && rest != "" && !strings.ContainsAny(rest, "{ \t\r\n\"")
	}
	return false
}

func (v *visit) value(names string) (string, error) {
	for name := range strings.SplitSeq(names, "|") {
		if value, err := v.source(name); err != nil || value != "" {
			return value, err
		}
	}
	return "", nil
}

func (v *visit) source(name string) (string, error) {
	kind, rest, _ := strings.Cut(name, ".")
	switch kind {
	case "token":
		return v.token, nil
	case "opened":
		return v.opened, nil
	case "env":
		return v.environ[rest], nil
	case "header":
		return v.header.Get(rest), nil
	}
	return firstLine(v.environ[rest])
}

// firstLine returns the first line of a file without blanks at its ends, as the client libraries
// read the file with the content session token. An empty path gives no value.
func firstLine(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the report does not need the path
		}
		return "", err
	}
	defer f.Close()
	line, err := bufio.NewReader(io.LimitReader(f, maxHead)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSpace(line), nil
}
