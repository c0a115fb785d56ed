package plan

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"sort"
	"strings"
	"testing/fstest"
)

// The fronts at which a scenario can run.
const (
	Direct = "direct" // the suite plays the proxy
	Nginx  = "nginx"
	Apache = "apache"
)

// Fronts lists them in the order of every report.
var Fronts = []string{Direct, Nginx, Apache}

// IsFront says whether a name is that of a front.
func IsFront(name string) bool {
	for _, f := range Fronts {
		if f == name {
			return true
		}
	}
	return false
}

// How widely scenarios are spread over the fronts.
const (
	Full = "full" // every scenario at every front that it allows
	Lean = "lean" // all of them at direct, and the first of each Rule behind each proxy
)

// Prefix is the public path under which a proxy serves the server.
const Prefix = "/rsconnect"

// A Lease says how a scenario shares its instance.
type Lease int

const (
	Shared Lease = iota // with others at the same time
	Quiet               // with others, but alone while it runs
	Alone               // with nobody: an instance of its own on fresh data
)

// Tag returns the tag, without @, by which a scenario asks for the lease.
func (l Lease) Tag() string { return [...]string{"", "quiet", "alone"}[l] }

// An Instance is one process of the subject that the run will need.
type Instance struct {
	ID            string // "i03"
	Configuration Configuration
	Front         string
	Flavour       string // of the proxy, "" at direct
	Listen        string // where the subject listens
	FrontListen   string // where the proxy listens, "" at direct
	Jobs          int    // how many scenarios will use it
}

// Upstream is the base URL of the subject itself.
func (i *Instance) Upstream() string { return "http://" + i.Listen + "/" }

// Address is the public base URL, as in Server.Address.
func (i *Instance) Address() string {
	if i.Front == Direct {
		return i.Upstream()
	}
	return "http://" + i.FrontListen + Prefix + "/"
}

// Name describes an instance to people.
func (i *Instance) Name() string {
	front := i.Front
	if i.Flavour != "" {
		front += " (" + i.Flavour + ")"
	}
	return fmt.Sprintf("%s: configuration %s at %s", i.ID, i.Configuration.Digest(), front)
}

// A Job is one scenario at one front.
type Job struct {
	Scenario *Scenario
	Front    string
	Instance *Instance
	Lease    Lease
	Listen   string // where the further processes of the scenario listen, if it starts any
}

// ID names a job for people and files.
func (j *Job) ID() string { return j.Scenario.ID() + "@" + j.Front }

// Group is what a job counts for in the verdict: its folder at its front.
func (j *Job) Group() string { return j.Scenario.Folder() + "@" + j.Front }

// A Selection is what a person asked for.
type Selection struct {
	Fronts []string // none means all
	Spread string   // "" means full
	Tags   TagExpression
	Rules  []string // none means all
	Groups []string // folders of features; none means all
	// Scenarios are those to run; none means all.
	Scenarios []Wanted
	Seed      int64
}

// Wanted names a scenario to run.
type Wanted struct {
	ID    string // as [Scenario.ID] or [Job.ID] has it
	Place string // where it is asked for, for messages
}

// names reports whether w is the job or, at any front, its scenario.
func (w Wanted) names(j *Job) bool { return w.ID == j.ID() || w.ID == j.Scenario.ID() }

// wants reports whether the selection names the job, or no scenario at all.
func (s Selection) wants(j *Job) bool {
	return len(s.Scenarios) == 0 || slices.ContainsFunc(s.Scenarios, func(w Wanted) bool { return w.names(j) })
}

// unknown returns an error for each scenario that is asked for and does not exist.
func (s Selection) unknown(jobs []*Job) error {
	known := map[string]bool{}
	for _, j := range jobs {
		known[j.ID()], known[j.Scenario.ID()] = true, true
	}
	var problems []error
	for _, w := range s.Scenarios {
		if !known[w.ID] {
			problems = append(problems, fmt.Errorf("%s: there is no scenario %q; countersign run --print-plan lists the ids", w.Place, w.ID))
		}
	}
	return errors.Join(problems...)
}

// unknownGroups returns an error for each group that is asked for and does not exist.
func (s Selection) unknownGroups(documents []*Document) error {
	var known []string
	for _, d := range documents {
		if folder, _, _ := strings.Cut(d.Path, "/"); !slices.Contains(known, folder) {
			known = append(known, folder)
		}
	}
	slices.Sort(known)
	var problems []error
	for _, g := range s.Groups {
		if !slices.Contains(known, g) {
			problems = append(problems, fmt.Errorf("group %q is not known; use any of %s", g, strings.Join(known, ", ")))
		}
	}
	return errors.Join(problems...)
}

// A Plan is all that a run will do, in the order in which it will.
type Plan struct {
	Documents []*Document
	Jobs      []*Job
	Instances []*Instance // in the order of their first use
	Skipped   []*Job      // what the selection left out, without an instance
	Seed      int64
}

// Make plans a run. It is an error if nothing is selected.
func Make(documents []*Document, s Selection) (*Plan, error) {
	p := &Plan{Documents: documents, Seed: s.Seed}
	for _, document := range documents {
		seen := map[string]bool{}
		for _, scenario := range document.Scenarios {
			p.add(scenario, s, seen)
		}
	}
	if err := errors.Join(s.unknown(slices.Concat(p.Jobs, p.Skipped)), s.unknownGroups(documents)); err != nil {
		return nil, err
	}
	if len(p.Jobs) == 0 {
		return nil, fmt.Errorf("the selection holds no scenario; see the tags, rules, scenarios and fronts that were asked for")
	}
	p.assign()
	return p, nil
}

func (p *Plan) add(scenario *Scenario, s Selection, seen map[string]bool) {
	wanted := s.Tags.Accepts(scenario.Tags) && citesAny(scenario, s.Rules) && allows(s.Groups, scenario.Folder())
	for _, front := range Fronts {
		if scenario.Has(Direct) && front != Direct {
			continue
		}
		job := &Job{Scenario: scenario, Front: front, Lease: leaseOf(scenario)}
		first := !seen[front+scenario.Rule]
		wanted := wanted && s.wants(job)
		if wanted {
			seen[front+scenario.Rule] = true
		}
		spread := s.Spread != Lean || front == Direct || first
		if wanted && spread && allows(s.Fronts, front) {
			p.Jobs = append(p.Jobs, job)
		} else {
			p.Skipped = append(p.Skipped, job)
		}
	}
}

func leaseOf(s *Scenario) Lease {
	switch {
	case s.Has("alone"):
		return Alone
	case s.Has("quiet"):
		return Quiet
	}
	return Shared
}

func citesAny(s *Scenario, rules []string) bool {
	if len(rules) == 0 {
		return true
	}
	for _, r := range rules {
		for _, cited := range s.Rules {
			if r == cited {
				return true
			}
		}
	}
	return false
}

func allows(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return len(list) == 0
}

// flavourOf is the proxy configuration behind which a scenario runs.
func flavourOf(s *Scenario) string {
	for _, flavour := range []string{"documented", "careless"} {
		if s.Has(flavour) {
			return flavour
		}
	}
	return "hardened"
}

// assign gives each job its instance, then puts instances and jobs in the
// order that the seed decides: whole instances in turn, so that each is started
// once and stopped after its last use.
func (p *Plan) assign() {
	known := map[string]*Instance{}
	for _, job := range p.Jobs {
		i := &Instance{Configuration: job.Scenario.Configuration, Front: job.Front}
		if job.Front != Direct {
			i.Flavour = flavourOf(job.Scenario)
		}
		key := strings.Join([]string{i.Configuration.Digest(), i.Front, i.Flavour}, " ")
		if job.Lease == Alone {
			key += " " + job.ID()
		}
		if known[key] == nil {
			known[key] = i
			p.Instances = append(p.Instances, i)
		}
		job.Instance = known[key]
		job.Instance.Jobs++
	}
	chance := rand.New(rand.NewSource(p.Seed))
	chance.Shuffle(len(p.Instances), func(a, b int) { p.Instances[a], p.Instances[b] = p.Instances[b], p.Instances[a] })
	// The longest first: what is started last should be short.
	sort.SliceStable(p.Instances, func(a, b int) bool { return p.Instances[a].Jobs > p.Instances[b].Jobs })
	order := map[*Instance]int{}
	for n, i := range p.Instances {
		i.ID = fmt.Sprintf("i%02d", n+1)
		order[i] = n
	}
	chance.Shuffle(len(p.Jobs), func(a, b int) { p.Jobs[a], p.Jobs[b] = p.Jobs[b], p.Jobs[a] })
	sort.SliceStable(p.Jobs, func(a, b int) bool { return order[p.Jobs[a].Instance] < order[p.Jobs[b].Instance] })
}

// Ports is how many ports the instances, fronts and further processes of the
// plan need.
func (p *Plan) Ports() int {
	n := 0
	for _, i := range p.Instances {
		n++
		if i.Front != Direct {
			n++
		}
	}
	for _, j := range p.Jobs {
		if j.Scenario.Starts {
			n++
		}
	}
	return n
}

// Listen hands out addresses of the loopback interface to instances, fronts and
// further processes.
func (p *Plan) Listen(ports []int) {
	next := func() string {
		port := ports[0]
		ports = ports[1:]
		return fmt.Sprintf("127.0.0.1:%d", port)
	}
	for _, i := range p.Instances {
		i.Listen = next()
		if i.Front != Direct {
			i.FrontListen = next()
		}
	}
	for _, j := range p.Jobs {
		if j.Scenario.Starts {
			j.Listen = next()
		}
	}
}

// Configurations counts the different configurations: those of instances, and
// those that scenarios start and restart servers with.
func (p *Plan) Configurations() int {
	seen := map[string]bool{}
	for _, i := range p.Instances {
		seen[i.Configuration.Digest()] = true
	}
	for _, j := range p.Jobs {
		for _, c := range j.Scenario.Further {
			seen[c.Digest()] = true
		}
	}
	return len(seen)
}

// A Text is a document that holds the scenarios of one instance and no others,
// under a path that names both.
type Text struct {
	Path string
	Jobs []*Job
}

// Texts writes the plan as feature files for godog: a file for each instance
// and document, in the order of the run.
func (p *Plan) Texts() ([]Text, fstest.MapFS) {
	files := fstest.MapFS{}
	byPath := map[string]*Text{}
	var texts []*Text
	for _, job := range p.Jobs {
		path := job.Instance.ID + "/" + job.Scenario.Feature
		if byPath[path] == nil {
			byPath[path] = &Text{Path: path}
			texts = append(texts, byPath[path])
		}
		byPath[path].Jobs = append(byPath[path].Jobs, job)
	}
	var result []Text
	for _, text := range texts {
		var scenarios []*Scenario
		for _, job := range text.Jobs {
			scenarios = append(scenarios, job.Scenario)
		}
		files[text.Path] = &fstest.MapFile{Data: p.document(text.Jobs[0].Scenario.Feature).Only(scenarios)}
		result = append(result, *text)
	}
	return result, files
}

func (p *Plan) document(path string) *Document {
	for _, d := range p.Documents {
		if d.Path == path {
			return d
		}
	}
	return nil
}

// InOrder returns the jobs of a text in the order in which they stand in it.
func (t Text) InOrder() []*Job {
	jobs := append([]*Job(nil), t.Jobs...)
	sort.Slice(jobs, func(a, b int) bool {
		x, y := jobs[a].Scenario, jobs[b].Scenario
		return x.Line < y.Line || x.Line == y.Line && x.Row < y.Row
	})
	return jobs
}
