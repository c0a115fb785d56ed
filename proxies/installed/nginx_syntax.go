package installed

import (
	"fmt"
	"strings"
)

// A word is a name, an argument or a piece of punctuation of an nginx configuration.
type word struct {
	text       string // without quotes and escapes
	start, end int    // octets of the file, with the quotes
	quoted     bool
}

func (w word) is(punctuation string) bool { return !w.quoted && w.text == punctuation }

// A directive is one directive of an nginx configuration with its block.
type directive struct {
	file       *file
	start, end int    // octets of the file, with the semicolon or the block
	words      []word // the name and the arguments
	isBlock    bool
	block      []*directive // in order, with the directives of included files
	open       int          // the octet after the opening brace
	parent     *directive   // nil at the top
}

func (d *directive) name() string { return d.words[0].text }
func (d *directive) place() Place { return d.file.place(d.start) }

// args returns the texts of the arguments.
func (d *directive) args() []string {
	var all []string
	for _, w := range d.words[1:] {
		all = append(all, w.text)
	}
	return all
}

// arg returns an argument, counted from 0, or "".
func (d *directive) arg(n int) string {
	if n+1 < len(d.words) {
		return d.words[n+1].text
	}
	return ""
}

// text returns the directive as it is written, without its block.
func (d *directive) text() string {
	last := d.words[len(d.words)-1]
	return oneLine(string(d.file.text[d.start:last.end]))
}

// oneLine joins the lines of a text and bounds its length, for messages.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 100 {
		return s[:100] + "..."
	}
	return s
}

// walk calls visit for a list of directives and all directives in their blocks.
func walk(list []*directive, visit func(*directive)) {
	for _, d := range list {
		visit(d)
		walk(d.block, visit)
	}
}

// within reports whether a directive is in the block of another one, or is that one.
func (d *directive) within(outer *directive) bool {
	for at := d; at != nil; at = at.parent {
		if at == outer {
			return true
		}
	}
	return false
}

// remove removes the directive.
func (d *directive) remove() { d.file.remove(d.start, d.end) }

// set replaces an argument, counted from 0.
func (d *directive) set(n int, text string) {
	w := d.words[n+1]
	d.file.replace(w.start, w.end, quoteNginx(text))
}

// swap replaces texts inside an argument, counted from 0, and leaves the rest of it as it is written.
func (d *directive) swap(n int, old, text string) {
	w := d.words[n+1]
	raw := string(d.file.text[w.start:w.end])
	d.file.replace(w.start, w.end, strings.ReplaceAll(raw, old, text))
}

// quoteNginx returns a word with quotes.
func quoteNginx(s string) string { return `"` + nginxEscapes.Replace(s) + `"` }

var nginxEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// splitNginx returns the words of a file. The only errors are quotes and blocks that are not closed: the
// proxy itself reports all other mistakes.
func splitNginx(f *file) ([]word, error) {
	var words []word
	for at := 0; at < len(f.text); {
		switch c := f.text[at]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			at++
		case c == '#':
			for at < len(f.text) && f.text[at] != '\n' {
				at++
			}
		case c == ';' || c == '{' || c == '}':
			words = append(words, word{text: string(c), start: at, end: at + 1})
			at++
			if c == '{' && isScript(words) {
				at = skipScript(f.text, at)
			}
		case c == '"' || c == '\'':
			w, ok := quotedWord(f.text, at)
			if !ok {
				return nil, fmt.Errorf("%s: a quoted text begins here and does not end", f.place(at))
			}
			words, at = append(words, w), w.end
		default:
			w := plainWord(f.text, at)
			words, at = append(words, w), w.end
		}
	}
	return words, nil
}

// isScript reports whether the block that begins with the last word is Lua code.
func isScript(words []word) bool {
	return len(words) > 1 && strings.HasSuffix(words[len(words)-2].text, "_by_lua_block")
}

// skipScript returns the place of the brace that ends Lua code.
func skipScript(text []byte, at int) int {
	for depth := 0; at < len(text); at++ {
		switch text[at] {
		case '{':
			depth++
		case '}':
			if depth--; depth < 0 {
				return at
			}
		}
	}
	return at
}

func quotedWord(text []byte, start int) (word, bool) {
	var b strings.Builder
	quote := text[start]
	for at := start + 1; at < len(text); at++ {
		switch {
		case text[at] == quote:
			return word{b.String(), start, at + 1, true}, true
		case text[at] == '\\' && at+1 < len(text):
			// As in nginx, a backslash escapes quotes and itself, and stays before other characters.
			if next := text[at+1]; next != quote && next != '\\' {
				b.WriteByte('\\')
			} else if next == '\\' {
				b.WriteByte('\\')
			}
			at++
			b.WriteByte(text[at])
		default:
			b.WriteByte(text[at])
		}
	}
	return word{}, false
}

func plainWord(text []byte, start int) word {
	at, variable := start, false
	for ; at < len(text); at++ {
		c := text[at]
		if c == '\\' {
			at++
			continue
		}
		if c == '{' && at > start && text[at-1] == '$' {
			variable = true
			continue
		}
		if c == '}' && variable {
			variable = false
			continue
		}
		// A closing brace is a word of its own only at the start of a word, as in nginx.
		if strings.IndexByte(" \t\r\n;{", c) >= 0 {
			break
		}
	}
	at = min(at, len(text))
	return word{text: string(text[start:at]), start: start, end: at}
}

// parseNginx returns the directives of a file.
func parseNginx(f *file, parent *directive) ([]*directive, error) {
	words, err := splitNginx(f)
	if err != nil {
		return nil, err
	}
	p := &nginxParser{file: f, words: words}
	list, err := p.block(parent, 0)
	if err == nil && p.at < len(words) {
		err = fmt.Errorf("%s: a closing brace has no opening brace", f.place(words[p.at].start))
	}
	return list, err
}

type nginxParser struct {
	file  *file
	words []word
	at    int
}

// maxDepth bounds the depth of blocks.
const maxDepth = 50

// block returns the directives until a closing brace or the end.
func (p *nginxParser) block(parent *directive, depth int) ([]*directive, error) {
	var list []*directive
	var d *directive
	for ; p.at < len(p.words); p.at++ {
		w := p.words[p.at]
		switch {
		case w.is("}"):
			if d != nil {
				return nil, fmt.Errorf("%s: the directive %q does not end with a semicolon", d.place(), d.text())
			}
			return list, nil
		case w.is(";") && d == nil:
			return nil, fmt.Errorf("%s: a semicolon without a directive", p.file.place(w.start))
		case w.is(";"):
			d.end = w.end
			list, d = append(list, d), nil
		case w.is("{"):
			if d == nil || depth > maxDepth {
				return nil, fmt.Errorf("%s: a block begins without a name, or too deep in others", p.file.place(w.start))
			}
			p.at++
			d.isBlock, d.open = true, w.end
			block, err := p.block(d, depth+1)
			if err != nil {
				return nil, err
			}
			if p.at >= len(p.words) {
				return nil, fmt.Errorf("%s: the block %q is not closed", d.place(), d.text())
			}
			d.block, d.end = block, p.words[p.at].end
			list, d = append(list, d), nil
		default:
			if d == nil {
				d = &directive{file: p.file, start: w.start, parent: parent}
			}
			d.words = append(d.words, w)
		}
	}
	if d != nil {
		return nil, fmt.Errorf("%s: the directive %q does not end with a semicolon", d.place(), d.text())
	}
	return list, nil
}
