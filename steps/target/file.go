package target

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds the size of a target file.
const maxFile = 1 << 20

// readText reads a UTF-8 file.
func readText(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read target: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read target: %w", err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d octets; give a target file", file, maxFile)
	}
	for n, line := range bytes.Split(raw, []byte("\n")) {
		if !utf8.Valid(line) {
			return nil, fmt.Errorf("%s:%d: not UTF-8; save the file in that encoding", file, n+1)
		}
	}
	return raw, nil
}

// onlyDocument returns an error if a file has more than one YAML document, because only the first
// one would be read.
func onlyDocument(file string, raw []byte) error {
	parsed, err := parser.ParseBytes(raw, 0)
	if err != nil || len(parsed.Docs) < 2 {
		return err
	}
	line := 0
	if second := parsed.Docs[1]; second.Start != nil {
		line = second.Start.Position.Line
	}
	return fmt.Errorf("%s:%d: a second YAML document begins here; describe one target in a file", file, line)
}

// launchPlaceholders lists the placeholders of launch.
var launchPlaceholders = []string{"config", "data", "listen", "address", "log", "id", "probe"}

func (l Launch) validate(bad func(string, ...any)) {
	if len(l.Command) == 0 {
		bad("launch.command: missing; give the program and its arguments")
	}
	for n, argument := range l.Command {
		checkKnownPlaceholders(fmt.Sprintf("launch.command[%d]", n), argument, launchPlaceholders, bad)
	}
	l.validateEnvironment(bad)
}

func (l Launch) validateEnvironment(bad func(string, ...any)) {
	for name, value := range l.Environment {
		checkKnownPlaceholders("launch.environment."+name, value, launchPlaceholders, bad)
	}
}

// checkKnownPlaceholders reports placeholders that are not in known. ${name} is a variable of the
// environment or of a shell.
func checkKnownPlaceholders(where, text string, known []string, bad func(string, ...any)) {
	for _, at := range placeholder.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if at[0] > 0 && text[at[0]-1] == '$' || contains(known, strings.Trim(word, "{}")) {
			continue
		}
		bad("%s: %s is not known here; use any of {%s}", where, word, strings.Join(known, "} {"))
	}
}
