package plan

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	messages "github.com/cucumber/messages/go/v21"
)

// A block is a range of lines of a document: from the first tag of a scenario, a background or a
// Rule to the line before the next one.
type block struct {
	first, last int
	id          string         // of the AST node of a scenario, else ""
	rows        map[int]string // ids of the AST nodes of the rows by line
	kind        blockKind
}

// A blockKind says what a block is.
type blockKind int

const (
	scenarioBlock blockKind = iota
	backgroundBlock
	ruleBlock
)

func blocksOf(document *messages.GherkinDocument) []block {
	var blocks []block
	add := func(kind blockKind, keyword *messages.Location, tags []*messages.Tag, id string, rows map[int]string) {
		first := int(keyword.Line)
		for _, tag := range tags {
			first = min(first, int(tag.Location.Line))
		}
		blocks = append(blocks, block{first: first, id: id, rows: rows, kind: kind})
	}
	scenario := func(s *messages.Scenario) {
		if s == nil {
			return
		}
		rows := map[int]string{}
		for _, e := range s.Examples {
			for _, body := range e.TableBody {
				rows[int(body.Location.Line)] = body.Id
			}
		}
		add(scenarioBlock, s.Location, s.Tags, s.Id, rows)
	}
	background := func(b *messages.Background) {
		if b != nil {
			add(backgroundBlock, b.Location, nil, "", nil)
		}
	}
	for _, child := range document.Feature.Children {
		background(child.Background)
		scenario(child.Scenario)
		if child.Rule == nil {
			continue
		}
		add(ruleBlock, child.Rule.Location, child.Rule.Tags, "", nil)
		for _, grandchild := range child.Rule.Children {
			background(grandchild.Background)
			scenario(grandchild.Scenario)
		}
	}
	sort.Slice(blocks, func(i, j int) bool { return blocks[i].first < blocks[j].first })
	for i := range blocks {
		blocks[i].last = 1 << 30
		if i+1 < len(blocks) {
			blocks[i].last = blocks[i+1].first - 1
		}
	}
	return blocks
}

// Only returns the text of the document with all scenarios and rows blanked except the given ones.
// Lines keep their numbers, so that the lines in godog's messages are those of the file.
func (d *Document) Only(scenarios []*Scenario) []byte {
	chosen := map[string]bool{}
	for _, s := range scenarios {
		chosen[s.key] = true
	}
	lines := bytes.Split(d.Text, []byte("\n"))
	blank := func(line int) {
		if line <= len(lines) {
			lines[line-1] = nil
		}
	}
	for _, b := range d.blocks {
		kept := b.id == "" || chosen[b.id]
		for line, id := range b.rows {
			if chosen[b.id+"/"+id] {
				kept = true
			} else {
				blank(line)
			}
		}
		for line := b.first; !kept && line <= min(b.last, len(lines)); line++ {
			blank(line)
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// An Excerpt is the text of an outline, with some of its rows, or of a scenario. The texts are not
// indented, and have no empty lines.
type Excerpt struct {
	Backgrounds []string // of the feature and of the Rule
	Scenario    string
}

// Excerpt returns the text of scenarios that are rows of one outline, or of one scenario.
func (d *Document) Excerpt(rows []*Scenario) Excerpt {
	var e Excerpt
	var ofFeature, ofRule []string // backgrounds
	inRule := false
	lines := bytes.Split(d.Only(rows), []byte("\n"))
	id, _, _ := strings.Cut(rows[0].key, "/")
	for _, b := range d.blocks {
		text := func() string { return unindented(lines[b.first-1 : min(b.last, len(lines))]) }
		switch {
		case b.kind == ruleBlock:
			inRule, ofRule = true, nil
		case b.kind == backgroundBlock && inRule:
			ofRule = []string{text()}
		case b.kind == backgroundBlock:
			ofFeature = []string{text()}
		case b.id == id:
			return Excerpt{Backgrounds: slices.Concat(ofFeature, ofRule), Scenario: text()}
		}
	}
	return e
}

// unindented joins the lines that are not empty, without the indentation of the first one, and without
// the comments at the end, which are about what follows.
func unindented(lines [][]byte) string {
	var kept []string
	indent := ""
	for _, line := range lines {
		text := strings.TrimRight(string(line), " \r")
		if text == "" {
			continue
		}
		if kept == nil {
			indent = text[:len(text)-len(strings.TrimLeft(text, " "))]
		}
		kept = append(kept, strings.TrimPrefix(text, indent))
	}
	for len(kept) > 0 && strings.HasPrefix(strings.TrimSpace(kept[len(kept)-1]), "#") {
		kept = kept[:len(kept)-1]
	}
	return strings.Join(kept, "\n")
}
