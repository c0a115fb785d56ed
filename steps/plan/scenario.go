// Package plan computes from the features what a run does: the scenarios, their configurations,
// the instances and proxies that serve them, and the ports of both. It starts nothing.
package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"countersign/steps/rules"
)

// ConfigurationStep is the text of the step with the configuration of a scenario's server. The
// planner and the step definition use the same constant.
const ConfigurationStep = "a server configured with:"

// More steps that take a configuration. StartStep starts a further process beside the instance of
// the scenario. RestartStep and RestartedStep restart that instance on the same data.
const (
	StartStep     = "a server is started with:"
	RestartStep   = "the server is restarted with:"
	RestartedStep = "the server has been restarted with:"
)

// TakesConfiguration reports whether a step with this text takes a configuration.
func TakesConfiguration(text string) bool {
	return text == ConfigurationStep || text == StartStep || text == RestartStep || text == RestartedStep
}

// A Scenario is a scenario, or a row of a scenario outline.
type Scenario struct {
	Feature       string // path in the file system of features, such as "proxied/x.feature"
	Title         string // name of the feature
	Rule          string // name of the Gherkin Rule, "" if there is none
	Name          string
	Line          int      // of the scenario
	Row           int      // line of the row, 0 without an outline
	Number        int      // of the row in its outline, from 1; 0 without an outline
	Outline       string   // name of the outline, with its placeholders; Name without an outline
	Values        []Value  // of the row, nil without an outline
	Tags          []string // including the @
	Rules         []string // ids from the tags and from the column "rule", whose cells may list several
	Configuration Configuration
	Further       []Configuration // of the servers that the scenario starts and restarts
	Starts        bool            // the scenario starts further processes, one at a time
	Steps         []Step

	key string // identifies the scenario in its document: the ids of its AST nodes
}

// A Value is the value of a row of an outline in one column.
type Value struct{ Column, Text string }

// Value returns the value of the row in a column, and whether the outline has the column.
func (s *Scenario) Value(column string) (string, bool) {
	for _, v := range s.Values {
		if v.Column == column {
			return v.Text, true
		}
	}
	return "", false
}

// A Keyword is the keyword of a step. And and But have the keyword of the step before them.
type Keyword int

// The keywords of Gherkin.
const (
	Given Keyword = iota
	When
	Then
)

// A Step is one step of a scenario.
type Step struct {
	Keyword  Keyword
	Text     string
	Line     int
	Argument *messages.PickleStepArgument // the table or docstring of the step, or nil
}

// keywords maps the type of a step in a pickle to its keyword.
var keywords = map[messages.PickleStepType]Keyword{
	messages.PickleStepType_CONTEXT: Given, messages.PickleStepType_ACTION: When, messages.PickleStepType_OUTCOME: Then,
}

// ID returns the id of a scenario: "proxied/x.feature:12", or "proxied/x.feature:12:19" for a row.
func (s *Scenario) ID() string {
	if s.Row == 0 {
		return fmt.Sprintf("%s:%d", s.Feature, s.Line)
	}
	return fmt.Sprintf("%s:%d:%d", s.Feature, s.Line, s.Row)
}

// Folder returns the group of the scenario.
func (s *Scenario) Folder() string {
	folder, _, _ := strings.Cut(s.Feature, "/")
	return folder
}

// Seat returns the seat of the system that the scenario is about.
func (s *Scenario) Seat() string {
	if s.Folder() == ProxyFolder {
		return SeatProxy
	}
	return SeatServer
}

// Has reports whether the scenario has a tag, given without its @.
func (s *Scenario) Has(tag string) bool {
	for _, t := range s.Tags {
		if t == "@"+tag {
			return true
		}
	}
	return false
}

// A Document is a feature file.
type Document struct {
	Path      string
	Text      []byte
	Scenarios []*Scenario

	blocks []block
}

// Read parses all features of a file system. The error joins one error for each problem, with
// file and line; the documents are those that are valid Gherkin.
func Read(fsys fs.FS) ([]*Document, error) {
	var documents []*Document
	var problems []error
	err := fs.WalkDir(fsys, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".feature") {
			return err
		}
		document, err := readDocument(fsys, path)
		if err != nil {
			problems = append(problems, err)
		}
		if document != nil {
			documents = append(documents, document)
		}
		return nil
	})
	if err != nil {
		problems = append(problems, fmt.Errorf("read features: %w", err))
	}
	return documents, errors.Join(problems...)
}

func readDocument(fsys fs.FS, path string) (*Document, error) {
	text, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, err
	}
	newID := (&messages.Incrementing{}).NewId
	parsed, err := gherkin.ParseGherkinDocument(bytes.NewReader(text), newID)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &Document{Path: path, Text: text, blocks: blocksOf(parsed)}
	index := indexOf(parsed)
	problems := index.unusedColumns(path)
	for _, pickle := range gherkin.Pickles(*parsed, path, newID) {
		s, err := index.scenario(d, parsed.Feature.Name, pickle)
		if err != nil {
			// Every scenario of a document reports the same problem of a background.
			if !slices.ContainsFunc(problems, func(p error) bool { return p.Error() == err.Error() }) {
				problems = append(problems, err)
			}
		}
		if s.Row > 0 {
			s.Number = 1
			if n := len(d.Scenarios); n > 0 && d.Scenarios[n-1].Line == s.Line {
				s.Number = d.Scenarios[n-1].Number + 1
			}
		}
		d.Scenarios = append(d.Scenarios, s)
	}
	return d, errors.Join(problems...)
}

// An index maps the ids of a pickle to the AST nodes from which it was made.
type index struct {
	scenarios map[string]*messages.Scenario
	ruleOf    map[string]string
	rows      map[string]row
	lines     map[string]int // of steps
}

type row struct {
	header []*messages.TableCell
	body   *messages.TableRow
}

func indexOf(document *messages.GherkinDocument) index {
	x := index{map[string]*messages.Scenario{}, map[string]string{}, map[string]row{}, map[string]int{}}
	steps := func(all []*messages.Step) {
		for _, s := range all {
			x.lines[s.Id] = int(s.Location.Line)
		}
	}
	add := func(rule string, s *messages.Scenario) {
		if s == nil {
			return
		}
		x.scenarios[s.Id], x.ruleOf[s.Id] = s, rule
		steps(s.Steps)
		for _, e := range s.Examples {
			for _, body := range e.TableBody {
				x.rows[body.Id] = row{e.TableHeader.Cells, body}
			}
		}
	}
	background := func(b *messages.Background) {
		if b != nil {
			steps(b.Steps)
		}
	}
	for _, child := range document.Feature.Children {
		background(child.Background)
		add("", child.Scenario)
		if child.Rule != nil {
			for _, grandchild := range child.Rule.Children {
				background(grandchild.Background)
				add(child.Rule.Name, grandchild.Scenario)
			}
		}
	}
	return x
}

// unusedColumns returns an error for each column of an outline that its steps and its title do not
// use: the column misleads the reader.
func (x index) unusedColumns(path string) []error {
	var problems []error
	for _, s := range x.scenarios {
		text := textOfOutline(s)
		for _, e := range s.Examples {
			if e.TableHeader == nil {
				continue
			}
			for _, cell := range e.TableHeader.Cells {
				if cell.Value != ruleColumn && !strings.Contains(text, "<"+cell.Value+">") {
					problems = append(problems, fmt.Errorf("%s:%d: the column %q of the examples is used neither by a step nor in the title; remove it", path, cell.Location.Line, cell.Value))
				}
			}
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return problems
}

// ruleColumn is the column of examples that cites rules.
const ruleColumn = "rule"

// textOfOutline returns the title, the steps and their arguments.
func textOfOutline(s *messages.Scenario) string {
	var b strings.Builder
	b.WriteString(s.Name)
	for _, step := range s.Steps {
		b.WriteString("\n" + step.Text)
		if step.DocString != nil {
			b.WriteString("\n" + step.DocString.Content)
		}
		if step.DataTable == nil {
			continue
		}
		for _, row := range step.DataTable.Rows {
			for _, cell := range row.Cells {
				b.WriteString("\n" + cell.Value)
			}
		}
	}
	return b.String()
}

func (x index) scenario(d *Document, title string, pickle *messages.Pickle) (*Scenario, error) {
	ast := x.scenarios[pickle.AstNodeIds[0]]
	s := &Scenario{
		Feature: d.Path, Title: title, Rule: x.ruleOf[ast.Id], Name: pickle.Name, Outline: ast.Name,
		Line: int(ast.Location.Line), key: strings.Join(pickle.AstNodeIds, "/"),
	}
	cited := map[string]bool{}
	for _, tag := range pickle.Tags {
		s.Tags = append(s.Tags, tag.Name)
		if id := strings.TrimPrefix(tag.Name, "@"); rules.ID.MatchString(id) {
			cited[id] = true
		}
	}
	if len(pickle.AstNodeIds) > 1 {
		r := x.rows[pickle.AstNodeIds[1]]
		s.Row = int(r.body.Location.Line)
		for i, cell := range r.header {
			s.Values = append(s.Values, Value{cell.Value, r.body.Cells[i].Value})
			if cell.Value == ruleColumn {
				for _, id := range strings.Split(r.body.Cells[i].Value, ", ") {
					cited[id] = true
				}
			}
		}
	}
	for id := range cited {
		s.Rules = append(s.Rules, id)
	}
	sort.Strings(s.Rules)
	return s, x.readSteps(s, pickle)
}

// readSteps adds the steps of a pickle to the scenario. The error contains all mistakes, each with
// file, line and text.
func (x index) readSteps(s *Scenario, pickle *messages.Pickle) error {
	var problems []error
	bad := func(step Step, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %q: %w", s.Feature, step.Line, step.Text, err))
		}
	}
	s.Configuration, _ = ParseConfiguration(defaults) // is valid
	for _, p := range pickle.Steps {
		keyword, known := keywords[p.Type]
		step := Step{Keyword: keyword, Text: p.Text, Line: x.lines[p.AstNodeIds[0]], Argument: p.Argument}
		if !known {
			bad(step, errors.New("the keyword says neither Given nor When nor Then; write Given, When or Then"))
		}
		s.Steps = append(s.Steps, step)
		if TakesConfiguration(step.Text) {
			bad(step, s.readConfiguration(step))
		}
	}
	return errors.Join(problems...)
}

// readConfiguration adds the configuration below a step to the scenario.
func (s *Scenario) readConfiguration(step Step) error {
	c, err := ReadArgument(step.Argument)
	if err != nil {
		return err
	}
	if step.Text == ConfigurationStep {
		s.Configuration = c
		return nil
	}
	s.Further = append(s.Further, c)
	return s.mayFurther(step.Text, c)
}

// mayFurther returns an error if the scenario must not start or restart a server with c.
func (s *Scenario) mayFurther(step string, c Configuration) error {
	if step == StartStep {
		s.Starts = true
		return nil
	}
	now := s.Configuration
	if !s.Has(Direct) && (c.Headers != now.Headers || c.GroupsSeparator != now.GroupsSeparator || c.Gate() != now.Gate()) {
		return errors.New("the proxy keeps the identity headers and the login of the first configuration; tag the scenario @direct")
	}
	return nil
}
