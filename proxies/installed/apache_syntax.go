package installed

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// A line is a directive of an Apache configuration, or a section with its lines.
type line struct {
	file       *file
	start, end int      // octets of the file; of the first line of a section
	close      int      // the octet at which the line that ends a section begins
	name       string   // in lower case, without the angle bracket of a section
	words      []word   // the arguments
	args       []string // their texts, with the values of variables
	section    bool
	lines      []*line // of a section, with those of included files
	parent     *line
}

func (l *line) place() Place { return l.file.place(l.start) }

// arg returns an argument, counted from 0, or "".
func (l *line) arg(n int) string {
	if n >= 0 && n < len(l.args) {
		return l.args[n]
	}
	return ""
}

// text returns the line as it is written.
func (l *line) text() string { return oneLine(string(l.file.text[l.start:l.end])) }

// remove makes a line empty. A section cannot be removed.
func (l *line) remove() { l.file.remove(l.start, l.end) }

// set replaces an argument.
func (l *line) set(n int, text string) {
	w := l.words[n]
	l.file.replace(w.start, w.end, quoteApache(text))
}

// quoteApache returns a word with quotes.
func quoteApache(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// each calls visit for a list of lines and all lines in their sections.
func each(list []*line, visit func(*line)) {
	for _, l := range list {
		visit(l)
		each(l.lines, visit)
	}
}

// within returns the innermost section around a line with one of the names, or nil.
func (l *line) within(names ...string) *line {
	for at := l.parent; at != nil; at = at.parent {
		for _, n := range names {
			if at.name == n {
				return at
			}
		}
	}
	return nil
}

// apacheVariable finds a variable that Define sets.
var apacheVariable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// parseApache returns the lines of a file. defines holds the variables that Define has set; the parser
// adds to it.
func parseApache(f *file, parent *line, defines map[string]string) ([]*line, error) {
	var stack []*line
	var top []*line
	add := func(l *line) {
		l.parent = parent
		if len(stack) > 0 {
			l.parent = stack[len(stack)-1]
			l.parent.lines = append(l.parent.lines, l)
			return
		}
		top = append(top, l)
	}
	for at := 0; at < len(f.text); {
		start, end := at, logicalEnd(f.text, at)
		at = end + 1
		for start < end && (f.text[start] == ' ' || f.text[start] == '\t') {
			start++
		}
		raw := bytes.TrimRight(f.text[start:end], " \t\r")
		switch {
		case len(raw) == 0 || raw[0] == '#':
		case bytes.HasPrefix(raw, []byte("</")):
			name := strings.ToLower(strings.Trim(string(raw), "</> \t"))
			if len(stack) == 0 || stack[len(stack)-1].name != name {
				return nil, fmt.Errorf("%s: %s does not end the section that is open here", f.place(start), raw)
			}
			stack[len(stack)-1].close = start
			stack = stack[:len(stack)-1]
		default:
			l := newLine(f, start, start+len(raw), defines)
			add(l)
			if l.section {
				stack = append(stack, l)
			}
			if len(stack) > maxDepth {
				return nil, fmt.Errorf("%s: a section is too deep in others", f.place(start))
			}
		}
	}
	if len(stack) > 0 {
		return nil, fmt.Errorf("%s: the section %s is not closed", stack[len(stack)-1].place(), stack[len(stack)-1].text())
	}
	return top, nil
}

// logicalEnd returns the end of a line, which continues after a backslash at its end.
func logicalEnd(text []byte, at int) int {
	for {
		n := bytes.IndexByte(text[at:], '\n')
		if n < 0 {
			return len(text)
		}
		at += n
		before := bytes.TrimRight(text[:at], "\r")
		if len(before) == 0 || before[len(before)-1] != '\\' {
			return at
		}
		at++
	}
}

func newLine(f *file, start, end int, defines map[string]string) *line {
	l := &line{file: f, start: start, end: end}
	stop := end
	if f.text[start] == '<' {
		l.section = true
		start++
		if f.text[stop-1] == '>' {
			stop--
		}
	}
	words := apacheWordsOf(f.text, start, stop)
	if len(words) == 0 {
		return l
	}
	l.name, l.words = strings.ToLower(words[0].text), words[1:]
	for _, w := range l.words {
		l.args = append(l.args, apacheVariable.ReplaceAllStringFunc(w.text, func(s string) string {
			if value, known := defines[s[2:len(s)-1]]; known {
				return value
			}
			return s
		}))
	}
	if l.name == "define" && len(l.args) > 1 {
		defines[l.args[0]] = l.args[1]
	}
	return l
}

// apacheWordsOf returns the words of a line. In quotes, a backslash escapes quotes and itself.
func apacheWordsOf(text []byte, at, end int) []word {
	var words []word
	for at < end {
		c := text[at]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\\' && at+1 < end && (text[at+1] == '\n' || text[at+1] == '\r') {
			at++
			continue
		}
		start := at
		var b strings.Builder
		if c == '"' || c == '\'' {
			for at++; at < end && text[at] != c; at++ {
				if text[at] == '\\' && at+1 < end && (text[at+1] == c || text[at+1] == '\\') {
					at++
				}
				b.WriteByte(text[at])
			}
			at = min(at+1, end)
			words = append(words, word{b.String(), start, at, true})
			continue
		}
		for at < end && !strings.ContainsRune(" \t\r\n", rune(text[at])) {
			at++
		}
		words = append(words, word{text: string(text[start:at]), start: start, end: at})
	}
	return words
}
