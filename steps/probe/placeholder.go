package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// fill replaces the placeholders in text. A brace that starts none stands for
// itself, so that a body may be JSON. A placeholder without a value, or with
// an empty one, is an error: no request is to be made with half a credential.
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

// isPlaceholder reports whether text names sources of a value: one, or several
// with bars between them, of which the first that has a value counts.
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
	case "token":
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
	case "env":
		return v.environ[rest], nil
	case "header":
		return v.header.Get(rest), nil
	}
	return firstLine(v.environ[rest])
}

// firstLine reads the first line of a file, less blanks at its ends, as the
// clients read the content session token's file. A missing name is no value.
func firstLine(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // without the path, which the report need not hold
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
