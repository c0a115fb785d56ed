package tables

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The markers of a block in a Markdown or Quarto file, each on a line of its own.
const (
	startMarker = "<!-- countersign:tables %s -->"
	endMarker   = "<!-- /countersign:tables -->"
)

var (
	startPattern = regexp.MustCompile(`^\s*<!--\s*countersign:tables\s*(\S*)\s*-->\s*$`)
	endPattern   = regexp.MustCompile(`^\s*<!--\s*/countersign:tables\s*-->\s*$`)
	fencePattern = regexp.MustCompile("^ {0,3}(`{3,}|~{3,})")
)

// A Block is the part of a file between two markers.
type Block struct {
	Kind       Kind
	Line       int // of the first marker, from 1
	start, end int // offsets of the content
}

// A Document is a file with blocks.
type Document struct {
	Blocks  []Block
	text    []byte
	newline string
}

// ParseDocument finds the blocks of a file. Markers in a fenced code block are text. The error names
// each mistake with its line: a kind that does not exist, a marker without its counterpart, and a
// kind that has several blocks.
func ParseDocument(text []byte) (*Document, error) {
	d := &Document{text: text, newline: "\n"}
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		d.newline = "\r\n"
	}
	var (
		problems []error
		open     *Block
		fence    string
		offset   int
	)
	bad := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Errorf("line %d: "+format, append([]any{line}, args...)...))
	}
	for i, raw := range bytes.SplitAfter(text, []byte("\n")) {
		number, line := i+1, strings.TrimRight(string(raw), "\r\n")
		begin := offset
		offset += len(raw)
		if fence = nextFence(fence, line); fence != "" {
			continue
		}
		switch start := startPattern.FindStringSubmatch(line); {
		case start != nil && open != nil:
			bad(number, "a block begins inside the block of line %d; end that block with %s", open.Line, endMarker)
		case start != nil:
			kind, err := ParseKind(start[1])
			if err != nil {
				bad(number, "%w", err)
			}
			open = &Block{Kind: kind, Line: number, start: offset}
		case endPattern.MatchString(line) && open == nil:
			bad(number, "a block ends that has not begun; begin it with "+startMarker, Support)
		case endPattern.MatchString(line):
			open.end = begin
			if same := d.find(open.Kind); same != nil && open.Kind != "" {
				bad(open.Line, "this is a second block for the table %s, after that of line %d; remove one of the two", open.Kind, same.Line)
			}
			d.Blocks = append(d.Blocks, *open)
			open = nil
		}
	}
	if open != nil {
		bad(open.Line, "the block does not end; end it with %s", endMarker)
	}
	return d, errors.Join(problems...)
}

// nextFence returns the fence of the code block that a line is in, or "" outside of one. The line
// that ends a block belongs to it, but contains no marker.
func nextFence(fence, line string) string {
	found := fencePattern.FindStringSubmatch(line)
	switch {
	case found == nil:
		return fence
	case fence == "":
		return found[1]
	case found[1][0] == fence[0] && len(found[1]) >= len(fence) && strings.TrimSpace(line) == found[1]:
		return ""
	}
	return fence
}

func (d *Document) find(kind Kind) *Block {
	i := slices.IndexFunc(d.Blocks, func(b Block) bool { return b.Kind == kind })
	if i < 0 {
		return nil
	}
	return &d.Blocks[i]
}

// Require returns an error unless the document has a block for each kind, or for any kind if none is
// given.
func (d *Document) Require(kinds []Kind) error {
	if len(d.Blocks) == 0 {
		return fmt.Errorf("it has no block for a table; add the lines "+startMarker+" and %s", slices.Concat(kinds, Kinds())[0], endMarker)
	}
	var problems []error
	for _, kind := range kinds {
		if d.find(kind) == nil {
			problems = append(problems, fmt.Errorf("it has no block for the table %s; add the lines "+startMarker+" and %s", kind, kind, endMarker))
		}
	}
	return errors.Join(problems...)
}

// Replace returns the text with other content in the blocks of some kinds, and the blocks whose
// content changed. The rest of the text stays as it is, and lines end as its first line does.
func (d *Document) Replace(content map[Kind][]byte) (text []byte, changed []Block) {
	var out bytes.Buffer
	last := 0
	for _, b := range d.Blocks {
		inner, wanted := content[b.Kind]
		if !wanted {
			continue
		}
		// Empty lines around the content keep it apart from the HTML of the markers.
		inner = slices.Concat([]byte("\n"), bytes.TrimSpace(inner), []byte("\n\n"))
		if d.newline != "\n" {
			inner = bytes.ReplaceAll(inner, []byte("\n"), []byte(d.newline))
		}
		if !bytes.Equal(inner, d.text[b.start:b.end]) {
			changed = append(changed, b)
		}
		out.Write(d.text[last:b.start])
		out.Write(inner)
		last = b.end
	}
	out.Write(d.text[last:])
	return out.Bytes(), changed
}
