package plan

import (
	"bytes"
	"sort"

	messages "github.com/cucumber/messages/go/v21"
)

// A block is a range of lines of a document: from the first tag of a scenario, a background or a
// Rule to the line before the next one.
type block struct {
	first, last int
	id          string         // of the AST node of a scenario, else ""
	rows        map[int]string // ids of the AST nodes of the rows by line
}

func blocksOf(document *messages.GherkinDocument) []block {
	var blocks []block
	add := func(keyword *messages.Location, tags []*messages.Tag, id string, rows map[int]string) {
		first := int(keyword.Line)
		for _, tag := range tags {
			first = min(first, int(tag.Location.Line))
		}
		blocks = append(blocks, block{first: first, id: id, rows: rows})
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
		add(s.Location, s.Tags, s.Id, rows)
	}
	background := func(b *messages.Background) {
		if b != nil {
			add(b.Location, nil, "", nil)
		}
	}
	for _, child := range document.Feature.Children {
		background(child.Background)
		scenario(child.Scenario)
		if child.Rule == nil {
			continue
		}
		add(child.Rule.Location, child.Rule.Tags, "", nil)
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
