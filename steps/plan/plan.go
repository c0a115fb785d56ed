package plan

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"sort"
	"strings"
	"testing/fstest"
	"time"
)

// The fronts at which a scenario can run.
const (
	Direct = "direct" // without a proxy: the suite sends the identity headers
	Nginx  = "nginx"
	Apache = "apache"
)

// Fronts lists the fronts in the order of the reports.
var Fronts = []string{Direct, Nginx, Apache}

// Proxy is the front of a scenario about a proxy that the suite does not configure.
const Proxy = "proxy"

// The seats of the system under test. Scenarios about a proxy are in the folder [ProxyFolder].
const (
	SeatServer = "server"
	SeatProxy  = "proxy"
)

// ProxyFolder is the folder of the features about a proxy.
const ProxyFolder = "proxies"

// IsFront reports whether name is the name of a front.
func IsFront(name string) bool {
	for _, f := range Fronts {
		if f == name {
			return true
		}
	}
	return false
}

// The ways in which scenarios are spread over the fronts.
const (
	Full = "full" // every scenario at every front that it allows
	Lean = "lean" // every scenario at direct, and the first of each Rule behind each proxy
)

// Prefix is the public path under which a proxy serves the server.
const Prefix = "/rsconnect"

// A Lease is the way in which a scenario shares its instance.
type Lease int

const (
	Shared Lease = iota // the scenario runs concurrently with others
	Quiet               // the scenario shares the instance, but no other scenario runs at the same time
	Alone               // the scenario has an instance of its own on fresh data
)

// Tag returns the tag, without @, with which a scenario requests the lease.
func (l Lease) Tag() string { return [...]string{"", "quiet", "alone"}[l] }

// An Instance is a server process that the run needs.
type Instance struct {
	ID            string // such as "i03"
	Configuration Configuration
	Front         string
	Flavour       string // of the proxy, "" at direct
	Listen        string // address at which the server listens
	FrontListen   string // address at which the proxy listens, "" at direct
	FrontHTTP2    string // address at which a proxy that the suite configures and tests serves HTTP/2, else ""
	Prefix        string // public path that the proxy removes, such as [Prefix]; "" at direct
	Jobs          int    // number of scenarios that use it
}

// Upstream returns the base URL of the server itself.
func (i *Instance) Upstream() string { return "http://" + i.Listen + "/" }

// Address returns the public base URL, as in Server.Address.
func (i *Instance) Address() string {
	if i.Front == Direct {
		return i.Upstream()
	}
	return "http://" + i.FrontListen + i.Prefix + "/"
}

// Name returns a description of the instance for messages.
func (i *Instance) Name() string {
	front := i.Front
	if i.Flavour != "" {
		front += " (" + i.Flavour + ")"
	}
	return fmt.Sprintf("%s: configuration %s at %s", i.ID, i.Configuration.Digest(), front)
}

// A Job is a scenario at a front.
type Job struct {
	Scenario *Scenario
	Front    string
	Instance *Instance
	Lease    Lease
	Listen   string // address for the further processes of the scenario, if it starts any
}

// ID returns the id of the job, which names it in messages and file names.
func (j *Job) ID() string { return j.Scenario.ID() + "@" + j.Front }

// Group returns the group of the job in the verdict: its folder at its front.
func (j *Job) Group() string { return j.Scenario.Folder() + "@" + j.Front }

// A Selection says which scenarios to run.
type Selection struct {
	Fronts    []string // empty means all
	Spread    string   // "" means full
	Tags      TagExpression
	Rules     []string // empty means all
	Groups    []string // folders of features; empty means all
	Scenarios []Wanted // empty means all
	Seed      int64
	Seat      string // "" means [SeatServer]
	Behind    Behind // for [SeatProxy]
	Shard     Shard
	// Durations returns how long a job took in an earlier run, or 0 if that is not known. Shards are
	// balanced by it. It may be nil.
	Durations func(*Job) time.Duration
}

// Behind describes how a plan uses the proxy under test and what is behind it.
type Behind struct {
	Flavour string
	// Server is the configuration of the server behind the proxy, for scenarios without one.
	Server Configuration
}

// A Wanted names a scenario to run.
type Wanted struct {
	ID    string // a [Scenario.ID] or a [Job.ID]
	Place string // where the user named it, for messages
}

// names reports whether w names the job or its scenario.
func (w Wanted) names(j *Job) bool { return w.ID == j.ID() || w.ID == j.Scenario.ID() }

// wants reports whether the selection names the job, or names no scenario.
func (s Selection) wants(j *Job) bool {
	return len(s.Scenarios) == 0 || slices.ContainsFunc(s.Scenarios, func(w Wanted) bool { return w.names(j) })
}

// unknown returns an error for each selected scenario that does not exist.
func (s Selection) unknown(jobs []*Job, elsewhere []*Scenario) error {
	known := map[string]bool{}
	for _, j := range jobs {
		known[j.ID()], known[j.Scenario.ID()] = true, true
	}
	others := map[string]string{}
	for _, other := range elsewhere {
		others[other.ID()] = other.Seat()
	}
	var problems []error
	for _, w := range s.Scenarios {
		switch {
		case known[w.ID]:
		case others[w.ID] != "":
			problems = append(problems, fmt.Errorf("%s: the scenario %q is about a %s; it runs with a target that has this seat", w.Place, w.ID, others[w.ID]))
		default:
			problems = append(problems, fmt.Errorf("%s: there is no scenario %q; countersign run --print-plan lists the ids", w.Place, w.ID))
		}
	}
	return errors.Join(problems...)
}

// unknownGroups returns an error for each selected group that does not exist.
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

// A Plan holds everything that a run does, in the order of the run.
type Plan struct {
	Documents   []*Document
	Jobs        []*Job
	Instances   []*Instance // in the order of their first use
	Skipped     []*Job      // jobs that the selection excludes, without an instance
	OtherShards []*Job      // jobs that other shards execute, without an instance
	Elsewhere   []*Scenario // scenarios of the other seat, which do not apply
	Seed        int64
	Seat        string
}

// Make plans a run. It returns an error if the selection holds no scenario.
func Make(documents []*Document, s Selection) (*Plan, error) {
	p := &Plan{Documents: documents, Seed: s.Seed, Seat: cmp.Or(s.Seat, SeatServer)}
	for _, document := range documents {
		seen := map[string]bool{}
		for _, scenario := range document.Scenarios {
			p.add(scenario, s, seen)
		}
	}
	if err := errors.Join(s.unknown(slices.Concat(p.Jobs, p.Skipped), p.Elsewhere), s.unknownGroups(documents)); err != nil {
		return nil, err
	}
	if len(p.Jobs) == 0 && len(p.Skipped) == 0 {
		return nil, fmt.Errorf("the features have no scenario about a %s", p.Seat)
	}
	if len(p.Jobs) == 0 {
		return nil, fmt.Errorf("the selection holds no scenario; change the tags, rules, groups, scenarios or fronts that select it%s", p.seatHint(s))
	}
	p.assign(s.Behind)
	if err := p.keep(s.Shard, s.Durations); err != nil {
		return nil, err
	}
	p.order()
	return p, nil
}

func (p *Plan) add(scenario *Scenario, s Selection, seen map[string]bool) {
	if scenario.Seat() != p.Seat {
		p.Elsewhere = append(p.Elsewhere, scenario)
		return
	}
	wanted := s.Tags.Accepts(scenario.Tags) && citesAny(scenario, s.Rules) && allows(s.Groups, scenario.Folder())
	fronts := Fronts
	if p.Seat == SeatProxy {
		fronts = s.Fronts
	}
	for _, front := range fronts {
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

// seatHint returns what the user can do if a selection holds scenarios of the other seat only.
func (p *Plan) seatHint(s Selection) string {
	for _, other := range p.Elsewhere {
		if s.Tags.Accepts(other.Tags) && citesAny(other, s.Rules) && allows(s.Groups, other.Folder()) {
			return fmt.Sprintf("; it holds scenarios about a %s, which run with a target that has the seat %[1]s", other.Seat())
		}
	}
	return ""
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

// flavourOf returns the proxy configuration for a scenario.
func flavourOf(s *Scenario) string {
	for _, flavour := range []string{"documented", "careless"} {
		if s.Has(flavour) {
			return flavour
		}
	}
	return "hardened"
}

// prefixOf returns the public path at which a proxy under test serves the server. It is empty for the
// printed basic example of Apache, lines 579-581.
func prefixOf(front, flavour string, c Configuration) string {
	h := c.Headers
	if front == Apache && flavour == "documented" && h.UniqueID+h.FirstName+h.LastName+h.Email == "" {
		return ""
	}
	return Prefix
}

// assign assigns an instance to each job.
func (p *Plan) assign(behind Behind) {
	known := map[string]*Instance{}
	for _, job := range p.Jobs {
		i := &Instance{Configuration: job.Scenario.Configuration, Front: job.Front}
		switch {
		case p.Seat == SeatProxy:
			i.Flavour = behind.Flavour
			if i.Configuration.IsDefault() {
				i.Configuration = behind.Server
			}
			i.Prefix = prefixOf(job.Front, i.Flavour, i.Configuration)
		case job.Front != Direct:
			i.Flavour, i.Prefix = flavourOf(job.Scenario), Prefix
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
}

// order shuffles instances and jobs by the seed and groups the jobs by instance, so that each instance
// starts once and stops after its last job.
func (p *Plan) order() {
	random := rand.New(rand.NewSource(p.Seed))
	random.Shuffle(len(p.Instances), func(a, b int) { p.Instances[a], p.Instances[b] = p.Instances[b], p.Instances[a] })
	// Instances with many jobs come first, so that no long one remains at the end of the run.
	sort.SliceStable(p.Instances, func(a, b int) bool { return p.Instances[a].Jobs > p.Instances[b].Jobs })
	order := map[*Instance]int{}
	for n, i := range p.Instances {
		i.ID = fmt.Sprintf("i%02d", n+1)
		order[i] = n
	}
	random.Shuffle(len(p.Jobs), func(a, b int) { p.Jobs[a], p.Jobs[b] = p.Jobs[b], p.Jobs[a] })
	sort.SliceStable(p.Jobs, func(a, b int) bool { return order[p.Jobs[a].Instance] < order[p.Jobs[b].Instance] })
}

// servesHTTP2 reports whether the proxy has an address of its own for HTTP/2: nginx cannot serve both
// protocols at one address without TLS.
func (p *Plan) servesHTTP2(i *Instance) bool {
	return p.Seat == SeatProxy && (i.Front == Nginx || i.Front == Apache)
}

// Ports returns the number of ports that the instances, the proxies and the further processes
// of the plan need.
func (p *Plan) Ports() int {
	n := 0
	for _, i := range p.Instances {
		if p.Seat != SeatProxy {
			n++
		}
		if i.Front != Direct {
			n++
		}
		if p.servesHTTP2(i) {
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

// Listen assigns addresses of the loopback interface to instances, proxies and further processes.
// The runner assigns the address of the server behind a proxy under test.
func (p *Plan) Listen(ports []int) {
	next := func() string {
		port := ports[0]
		ports = ports[1:]
		return fmt.Sprintf("127.0.0.1:%d", port)
	}
	for _, i := range p.Instances {
		if p.Seat != SeatProxy {
			i.Listen = next()
		}
		if i.Front != Direct {
			i.FrontListen = next()
		}
		if p.servesHTTP2(i) {
			i.FrontHTTP2 = next()
		}
	}
	for _, j := range p.Jobs {
		if j.Scenario.Starts {
			j.Listen = next()
		}
	}
}

// Configurations returns the number of different configurations of the instances and of the
// servers that scenarios start and restart.
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

// A Text is the text of a document with the scenarios of one instance only. Its path names the
// instance and the document.
type Text struct {
	Path string
	Jobs []*Job
}

// Texts returns the plan as feature files for godog, one for each instance and document, in the
// order of the run.
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

// InOrder returns the jobs of a text in the order of their lines.
func (t Text) InOrder() []*Job {
	jobs := append([]*Job(nil), t.Jobs...)
	sort.Slice(jobs, func(a, b int) bool {
		x, y := jobs[a].Scenario, jobs[b].Scenario
		return x.Line < y.Line || x.Line == y.Line && x.Row < y.Row
	})
	return jobs
}
