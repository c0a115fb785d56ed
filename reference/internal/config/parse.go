package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/gcfg.v1/scanner"
	"gopkg.in/gcfg.v1/token"
)

// setting is one "Key = value" of a file, or one environment variable.
type setting struct {
	place   string // "file:line" or "environment NAME"
	line    int    // 0 for the environment
	section string
	key     string
	value   string
	noValue bool // the key has no value, which gcfg reads as a true boolean
	cut     bool // a comment begins directly after the value, without a blank
}

// problems collects problems in the order of the file.
type problems struct {
	list []problem
}

type problem struct {
	line int
	text string
}

func (p *problems) add(line int, format string, args ...any) {
	p.list = append(p.list, problem{line, fmt.Sprintf(format, args...)})
}

// parsed is a file that has been parsed but not interpreted.
type parsed struct {
	settings []setting
	sections []sectionAt
}

type sectionAt struct {
	place string
	line  int
	name  string
}

// parser reads gcfg with the scanner of gcfg, so that quoting, comments and continuation lines are those that Connect
// reads. The decoder of gcfg stops at the first error and ignores unknown names; this parser reports both.
type parser struct {
	file *token.File
	src  []byte
	s    scanner.Scanner
	bad  *problems
	pos  token.Pos
	tok  token.Token
	lit  string
	out  parsed
	name string // of the file
}

func parse(name string, src []byte, bad *problems) parsed {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	fset := token.NewFileSet()
	p := &parser{name: name, src: src, bad: bad, file: fset.AddFile(name, fset.Base(), len(src))}
	p.s.Init(p.file, src, func(pos token.Position, msg string) {
		if !p.reported(pos.Line) { // one problem a line: the rest follows from it
			bad.add(pos.Line, "%s:%d: %s", name, pos.Line, msg)
		}
	}, scanner.ScanComments)
	p.run()
	return p.out
}

func (p *parser) next() { p.pos, p.tok, p.lit = p.s.Scan() }

func (p *parser) line() int { return p.file.Position(p.pos).Line }

// errorf reports a problem and skips to the next line.
func (p *parser) errorf(format string, args ...any) {
	line := p.line()
	if !p.reported(line) {
		p.bad.add(line, "%s:%d: %s", p.name, line, fmt.Sprintf(format, args...))
	}
	for p.tok != token.EOL && p.tok != token.EOF {
		p.next()
	}
}

// reported reports whether this line already has a problem.
func (p *parser) reported(line int) bool {
	n := len(p.bad.list)
	return n > 0 && p.bad.list[n-1].line == line
}

func (p *parser) run() {
	section := ""
	for p.next(); p.tok != token.EOF; {
		switch p.tok {
		case token.EOL, token.COMMENT:
			p.next()
		case token.LBRACK:
			section = p.sectionHeader()
		case token.IDENT:
			p.variable(section)
		default:
			p.errorf("expected [Section] or Key = value")
		}
	}
}

func (p *parser) sectionHeader() string {
	line := p.line()
	p.next()
	if p.tok != token.IDENT {
		p.errorf("expected a section name behind '['")
		return ""
	}
	name := p.lit
	p.next()
	if p.tok == token.STRING {
		name += " " + oneLine(p.lit) // only for messages: no implemented section has a subsection
		p.next()
	}
	if p.tok != token.RBRACK {
		p.errorf("expected ']' behind the section name %s", name)
		return name
	}
	p.next()
	if p.tok != token.EOL && p.tok != token.EOF && p.tok != token.COMMENT {
		p.errorf("nothing may follow [%s] in its line", name)
	}
	p.out.sections = append(p.out.sections, sectionAt{fmt.Sprintf("%s:%d", p.name, line), line, name})
	return name
}

// oneLine shortens a text of the file to one line of bounded length, for messages.
func oneLine(s string) string {
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func (p *parser) variable(section string) {
	line := p.line()
	st := setting{place: fmt.Sprintf("%s:%d", p.name, line), line: line, section: section, key: p.lit}
	errors := p.s.ErrorCount
	p.next()
	switch p.tok {
	case token.EOL, token.EOF, token.COMMENT:
		st.noValue = true
	case token.ASSIGN:
		p.next()
		if p.s.ErrorCount > errors { // the scanner has reported the value
			p.errorf("bad value")
			return
		}
		st.value = unquote(p.lit)
		p.next()
		st.cut = p.tok == token.COMMENT && p.commentFollows() // the scanner takes everything else in the line for the value
	default:
		p.errorf("expected '=' behind %s", st.key)
		return
	}
	if section == "" {
		p.bad.add(line, "%s: %s stands before any [Section]", st.place, st.key)
		return
	}
	p.out.settings = append(p.out.settings, st)
}

// commentFollows reports whether the comment at the present position directly follows other text, as in LoginURL =
// https://h/#login, where gcfg silently drops "#login".
func (p *parser) commentFollows() bool {
	at := p.file.Offset(p.pos)
	return at > 0 && !bytes.ContainsRune([]byte(" \t"), rune(p.src[at-1])) ||
		bytes.HasSuffix(bytes.TrimRight(p.src[:at], " \t"), []byte("="))
}

// unquote removes quotes and escapes from a literal that the scanner accepted.
func unquote(lit string) string {
	var out strings.Builder
	escaped := false
	for _, c := range lit {
		switch {
		case escaped && c == 'n':
			out.WriteByte('\n')
		case escaped && c == 't':
			out.WriteByte('\t')
		case escaped && c != '\n':
			out.WriteRune(c)
		case escaped, c == '"':
		case c == '\\':
			escaped = true
			continue
		default:
			out.WriteRune(c)
		}
		escaped = false
	}
	return out.String()
}

// err returns all problems as one error, or nil.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	e := &Error{}
	for _, one := range p.list {
		e.Problems = append(e.Problems, one.text)
	}
	return e
}

// Error lists all problems of a configuration.
type Error struct {
	// Problems holds lines of the form "file:line: Section.Key: problem; allowed values".
	Problems []string
}

func (e *Error) Error() string { return strings.Join(e.Problems, "\n") }
