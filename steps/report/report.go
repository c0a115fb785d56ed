// Package report holds the result of a run: a versioned type, the conclusion that is computed from
// it, and its JSON, JUnit, Markdown and text forms. Package verdict determines the outcome of each
// scenario. This package runs nothing, so that a stored report can be concluded, checked and written
// again.
package report

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"countersign/steps/plan"
	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// SchemaID names the version of the schema. It changes with every change that readers of the
// current version would misunderstand.
const SchemaID = "countersign.report/3"

// A Report is the result of a run. The runner sets the fields up to Usage and [Conclude] computes
// the others. A Report is not safe for concurrent use.
type Report struct {
	Schema    string    `json:"schema"` // [SchemaID]
	Suite     Suite     `json:"suite"`
	Target    Target    `json:"target"`
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished"`
	Seed      int64     `json:"seed"`
	Command   []string  `json:"command"`
	Selection Selection `json:"selection"`

	Planned     int         `json:"planned"`               // scenarios of the plan, each front and row counted separately
	Interrupted bool        `json:"interrupted,omitempty"` // a signal ended the run
	NotStarted  []string    `json:"not_started,omitempty"` // the reasons, if nothing was started
	Problems    []string    `json:"problems,omitempty"`    // differences between the plan and the run
	Notes       []string    `json:"notes,omitempty"`       // limits that the run reached
	Deviations  []Deviation `json:"deviations,omitempty"`  // accepted by the target file
	Results     []Result    `json:"results"`
	Usage       Usage       `json:"usage"`

	// Conclude computes the following fields.
	Totals Totals  `json:"totals"`
	Groups []Group `json:"groups"`
	// RuleTotals counts rules over all groups and fronts.
	RuleTotals RuleTotals  `json:"rule_totals"`
	Rules      []RuleRow   `json:"rules"`
	Untested   []Untested  `json:"untested,omitempty"`
	Roots      []Root      `json:"roots,omitempty"` // may be given with their evidence
	Stale      []Deviation `json:"stale_deviations,omitempty"`
	Verdict    string      `json:"verdict"`
	Exit       int         `json:"exit_code"`
}

// Suite names the suite that ran.
type Suite struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Features is the SHA-256 digest of the features and the catalogue, in hexadecimal. Reports with
	// the same digest are of the same scenarios and rules.
	Features string `json:"features,omitempty"`
}

// Target names the server under test.
type Target struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Seat    string `json:"seat"` // "server" or "proxy"
}

// Selection is the selection of the scenarios, and the options of the run.
type Selection struct {
	Tags   string   `json:"tags"`
	Rules  []string `json:"rules"`
	Fronts []string `json:"fronts"`
	Spread string   `json:"spread"`
	Strict bool     `json:"strict"` // departures from advice fail the run
	// Groups lists the selected folders of features; empty means all.
	Groups []string `json:"groups,omitempty"`
	// Scenarios lists the selected ids; empty means all.
	Scenarios []string `json:"scenarios,omitempty"`
	FailFast  bool     `json:"fail_fast,omitempty"` // start no scenario after the first violation
	// Shard is the part of the run that the report is of, such as "2/5"; empty means the whole.
	Shard string `json:"shard,omitempty"`
}

// A Result is the result of a planned scenario, or of a row of an outline, at one front.
type Result struct {
	ID         string              `json:"id"` // unique in the report
	Feature    string              `json:"feature"`
	Rule       string              `json:"rule,omitempty"` // name of the Gherkin Rule
	Scenario   string              `json:"scenario"`
	Line       int                 `json:"line"`
	Row        int                 `json:"row,omitempty"` // of the outline, from 1; 0 without an outline
	Front      string              `json:"front"`
	Instance   string              `json:"instance,omitempty"`
	Rules      []string            `json:"rules"`
	Class      rules.Class         `json:"class"`
	Outcome    verdict.Outcome     `json:"outcome"`
	Cited      verdict.Outcome     `json:"cited_outcome,omitempty"` // outcome of the cited rules, without standing checks; empty if it is Outcome
	Reason     string              `json:"reason,omitempty"`
	Step       string              `json:"step,omitempty"`       // text of the step that ended a scenario without a verdict
	StepLine   int                 `json:"step_line,omitempty"`  // of that step
	BySubject  bool                `json:"by_subject,omitempty"` // the server under test blocked the scenario
	Violations []verdict.Violation `json:"violations,omitempty"`
	Refusals   []verdict.Refusal   `json:"refusals,omitempty"` // that rules require and the scenario has seen
	Accepted   string              `json:"accepted,omitempty"` // issues of the deviations that cover all violations; computed
	Started    time.Time           `json:"started,omitzero"`   // before the wait for its instance
	Duration   time.Duration       `json:"duration_ns"`        // without the wait for its instance
	Exchanges  int                 `json:"exchanges"`
	Transcript string              `json:"transcript,omitempty"` // path
	Steps      []time.Duration     `json:"-"`                    // durations of the executed steps, in their order; only the runner knows them
}

// Folder returns the folder of the feature.
func (r Result) Folder() string {
	dir := strings.TrimPrefix(path.Dir(path.Clean(r.Feature)), "features/")
	if dir == "." {
		return "features"
	}
	return dir
}

// Title returns the name of the scenario and the number of its row.
func (r Result) Title() string {
	if r.Row == 0 {
		return r.Scenario
	}
	return r.Scenario + " [row " + itoa(r.Row) + "]"
}

// Where returns the path and the line of the scenario.
func (r Result) Where() string { return r.Feature + ":" + itoa(r.Line) }

// A Deviation accepts the departures from a rule or in a scenario until a day. A deviation whose
// departure no longer occurs is stale and fails the run, so that it is removed from the target
// file.
type Deviation struct {
	Rule     string    `json:"rule,omitempty"`
	Scenario string    `json:"scenario,omitempty"`
	Issue    string    `json:"issue"`
	Expires  time.Time `json:"expires"`
}

// Totals counts results by outcome. If their sum differs from the number of planned scenarios,
// there is no verdict.
type Totals map[verdict.Outcome]int

// Sum returns the number of counted results.
func (t Totals) Sum() int {
	n := 0
	for _, c := range t {
		n += c
	}
	return n
}

// A Group is a folder of features at a front. A rule counts only in the folder in which most
// scenarios cite it. A rule is planned if a selected scenario cites it or a standing check found a
// departure from it. It passed if a scenario passed and all others passed or were not applicable.
// The sums of the groups at a front are the numbers of rules at that front.
type Group struct {
	Folder        string `json:"folder"`
	Front         string `json:"front"`
	Scenarios     int    `json:"scenarios"` // selected scenarios in the folder
	MustPlanned   int    `json:"must_planned"`
	MustPassed    int    `json:"must_passed"`
	AdvicePlanned int    `json:"advice_planned"`
	AdvicePassed  int    `json:"advice_passed"`
}

// Name returns the name of the group in the form folder@front.
func (g Group) Name() string { return g.Folder + "@" + g.Front }

// RuleTotals counts rules. Each rule counts once, regardless of the number of its scenarios and fronts.
type RuleTotals struct {
	MustSelected   int `json:"must_selected"`
	MustPassed     int `json:"must_passed"`
	MustBroken     int `json:"must_broken"` // with a violation that no deviation covers
	AdviceSelected int `json:"advice_selected"`
	AdvicePassed   int `json:"advice_passed"`
	AdviceAgainst  int `json:"advice_against"` // with a departure that no deviation covers
	// MustWithoutScenario is the number of testable must rules in the catalogue that no scenario
	// cites yet.
	MustWithoutScenario int `json:"must_without_scenario"`
}

// A RuleRow holds the outcomes of a rule by front.
type RuleRow struct {
	ID        string          `json:"id"`
	Class     rules.Class     `json:"class"`
	Statement string          `json:"statement"`
	Source    string          `json:"source"`             // document and lines
	Document  string          `json:"document,omitempty"` // title of the document
	Section   string          `json:"section,omitempty"`  // heading of the document
	Order     int             `json:"order,omitempty"`    // position in the catalogue, from 1
	Fronts    map[string]Cell `json:"fronts"`
}

// An Untested is a rule of the catalogue that no scenario of the features cites.
type Untested struct {
	ID        string      `json:"id"`
	Class     rules.Class `json:"class"`
	Statement string      `json:"statement"`
	Source    string      `json:"source"` // document and lines
	Document  string      `json:"document"`
	Section   string      `json:"section"`
	Order     int         `json:"order"` // position in the catalogue, from 1
	Reason    string      `json:"reason"`
}

// A Cell is the outcome of a rule at a front.
type Cell struct {
	Outcome   verdict.Outcome `json:"outcome"`
	Scenarios int             `json:"scenarios"`
	Accepted  bool            `json:"accepted,omitempty"` // deviations cover all departures
}

// A Root is a failed prerequisite that blocked one or more scenarios.
type Root struct {
	Reason    string `json:"reason"` // of the blocked results
	BySubject bool   `json:"by_subject"`
	Scenarios int    `json:"scenarios"`
	Evidence  string `json:"evidence,omitempty"` // last lines of a log, or the path of a transcript
}

// Usage holds the time and the resources that the run consumed.
type Usage struct {
	Wall           time.Duration `json:"wall_ns"`
	Cores          int           `json:"cores"`
	CPU            CPU           `json:"cpu"`
	Fronts         []FrontUsage  `json:"fronts"` // computed
	Configurations int           `json:"configurations"`
	Starts         int           `json:"starts"` // of instances, including restarts
	PeakInstances  int           `json:"peak_instances"`
	PeakMemory     int64         `json:"peak_memory_bytes"`
}

// CPU holds the processor time by component.
type CPU struct {
	Suite    time.Duration `json:"suite_ns"`
	Subjects time.Duration `json:"subjects_ns"`
	Proxies  time.Duration `json:"proxies_ns"`
	Provider time.Duration `json:"provider_ns"` // 0 if it is included in Suite
}

// Total returns the sum of the processor times.
func (c CPU) Total() time.Duration { return c.Suite + c.Subjects + c.Proxies + c.Provider }

// WallFactor returns the ratio of the wall time to the processor time divided by the number of
// cores. It should not exceed 2. It is 0 if nothing was measured.
func (u Usage) WallFactor() float64 {
	total := u.CPU.Total()
	if total <= 0 || u.Cores <= 0 {
		return 0
	}
	return float64(u.Wall) * float64(u.Cores) / float64(total)
}

// FrontUsage counts the scenarios and exchanges at a front.
type FrontUsage struct {
	Front     string `json:"front"`
	Selected  int    `json:"selected"`  // scenarios that were not skipped
	Scenarios int    `json:"scenarios"` // selected scenarios that were executed
	Exchanges int    `json:"exchanges"`
}

// fronts returns the fronts of the results without duplicates: the known ones in their order, then
// the others by name.
func fronts(results []Result) []string {
	var found []string
	for _, r := range results {
		if !slices.Contains(found, r.Front) {
			found = append(found, r.Front)
		}
	}
	slices.SortFunc(found, CompareFronts)
	return found
}

// SortFronts returns the keys of a map, which are names of fronts, in the order of the reports.
func SortFronts[V any](by map[string]V) []string {
	return slices.SortedFunc(maps.Keys(by), CompareFronts)
}

// selectedFronts returns the fronts at which a scenario was selected.
func selectedFronts(results []Result) []string {
	return fronts(slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Outcome == verdict.Skipped }))
}

// CompareFronts compares two fronts: the known ones are in the order of [plan.Fronts] and before the
// others, which are in the order of their names.
func CompareFronts(a, b string) int {
	ia, ib := slices.Index(plan.Fronts, a), slices.Index(plan.Fronts, b)
	switch {
	case ia >= 0 && ib >= 0:
		return ia - ib
	case ia >= 0:
		return -1
	case ib >= 0:
		return 1
	default:
		return strings.Compare(a, b)
	}
}
