package plan

import (
	"fmt"
	"regexp"
	"strings"
)

var tagWord = regexp.MustCompile(`^@[\w-]+$`)

// A TagExpression is a condition on tags in Cucumber's current syntax: @a and
// not (@b or @c). The zero value accepts everything.
type TagExpression struct {
	accepts func(tags map[string]bool) bool
}

// Accepts says whether a scenario with these tags is selected.
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

// ParseTags reads a tag expression. "" accepts everything.
func ParseTags(text string) (TagExpression, error) {
	p := tagParser{text: text, tokens: tagTokens(text)}
	if len(p.tokens) == 0 {
		return TagExpression{}, nil
	}
	accepts, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = p.bad("%q is left over; join tags by and, or, not", p.tokens[0])
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
	return fmt.Errorf("tag expression %q: "+format, append([]any{p.text}, args...)...)
}

// take removes the next token if it is the given word.
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
			err = p.bad("a ( is not closed")
		}
		return inner, err
	}
	if len(p.tokens) == 0 {
		return nil, p.bad("it ends where a tag is expected")
	}
	tag := p.tokens[0]
	if !tagWord.MatchString(tag) {
		return nil, p.bad("%q is not a tag; write it with an @", tag)
	}
	p.tokens = p.tokens[1:]
	return func(t map[string]bool) bool { return t[tag] }, nil
}
