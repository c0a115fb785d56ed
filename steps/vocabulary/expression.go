package vocabulary

import (
	"fmt"
	"regexp"
	"strings"
)

// parse turns an expression into a pattern with one group for each parameter.
func parse(expression string, known map[string]*Parameter) (pattern string, parameters []*Parameter, err error) {
	var b strings.Builder
	for rest := expression; rest != ""; {
		switch rest[0] {
		case '{':
			name, after, closed := strings.Cut(rest[1:], "}")
			p := known[name]
			if !closed || p == nil {
				return "", nil, fmt.Errorf("there is no parameter type {%s}", name)
			}
			parameters = append(parameters, p)
			fmt.Fprintf(&b, "(%s)", p.pattern)
			rest = after
		case '(':
			text, after, closed := strings.Cut(rest[1:], ")")
			if !closed || text == "" || strings.ContainsAny(text, "{(") {
				return "", nil, fmt.Errorf("optional text is plain text in parentheses: %q", rest)
			}
			fmt.Fprintf(&b, "(?:%s)?", alternatives(text))
			rest = after
		default:
			end := strings.IndexAny(rest, "{(")
			if end < 0 {
				end = len(rest)
			}
			b.WriteString(alternatives(rest[:end]))
			rest = rest[end:]
		}
	}
	return b.String(), parameters, nil
}

// alternatives quotes plain text, in which words with slashes are alternatives.
func alternatives(text string) string {
	words := strings.Split(text, " ")
	for n, word := range words {
		options := strings.Split(word, "/")
		for k, option := range options {
			options[k] = regexp.QuoteMeta(option)
		}
		words[n] = options[0]
		if len(options) > 1 {
			words[n] = "(?:" + strings.Join(options, "|") + ")"
		}
	}
	return strings.Join(words, " ")
}
