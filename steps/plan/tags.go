package plan

import (
	"fmt"
	"regexp"
	"strings"
)

var tagWord = regexp.MustCompile(`^@[\w-]+$`)

// A TagExpression is a condition on tags in Cucumber's syntax, such as "@a and not (@b or @c)".
// The zero value accepts all tags.
type TagExpression struct {
	accepts func(tags map[string]bool) bool
}

// Accepts reports whether the expression selects a scenario with these tags.
func (e TagExpression) Accepts(tags []string) bool {
	if e.accepts == nil {
		return true
	}
	set := map[string]bool{}
	for _, t := range tags {
		set[t] = true
	}
	return e.accepts(set)
}

// ParseTags parses a tag expression. "" accepts all tags.
func ParseTags(text string) (TagExpression, error) {
	p := tagParser{text: text, tokens: tagTokens(text)}
	if len(p.tokens) == 0 {
		return TagExpression{}, nil
	}
	accepts, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = p.bad("%q is unexpected; join tags by and, or, not", p.tokens[0])
	}
	return TagExpression{accepts}, err
}

func tagTokens(text string) []string {
	spaced := strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	return strings.Fields(spaced)
}

type tagParser struct {
	text   string
	tokens []string
}

type tagCondition = func(map[string]bool) bool

func (p *tagParser) bad(format string, args ...any) error {
	return fmt.Errorf("parse the tag expression %q: "+format, append([]any{p.text}, args...)...)
}

// take removes the next token and returns true if it is word.
func (p *tagParser) take(word string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != word {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *tagParser) or() (tagCondition, error) {
	left, err := p.and()
	for err == nil && p.take("or") {
		var right tagCondition
		a := left
		right, err = p.and()
		left = func(t map[string]bool) bool { return a(t) || right(t) }
	}
	return left, err
}

func (p *tagParser) and() (tagCondition, error) {
	left, err := p.not()
	for err == nil && p.take("and") {
		var right tagCondition
		a := left
		right, err = p.not()
		left = func(t map[string]bool) bool { return a(t) && right(t) }
	}
	return left, err
}

func (p *tagParser) not() (tagCondition, error) {
	if p.take("not") {
		inner, err := p.not()
		return func(t map[string]bool) bool { return !inner(t) }, err
	}
	if p.take("(") {
		inner, err := p.or()
		if err == nil && !p.take(")") {
			err = p.bad("a parenthesis is not closed; add )")
		}
		return inner, err
	}
	if len(p.tokens) == 0 {
		return nil, p.bad("it ends before a tag; add a tag such as @direct")
	}
	tag := p.tokens[0]
	if !tagWord.MatchString(tag) {
		return nil, p.bad("%q is not a tag; write a tag with an @, such as @direct", tag)
	}
	p.tokens = p.tokens[1:]
	return func(t map[string]bool) bool { return t[tag] }, nil
}
