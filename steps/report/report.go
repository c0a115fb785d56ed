// Package report is the published result of a run: a versioned type, the
// conclusion drawn from it, and its forms for programs and people. It judges no
// scenario (steps/verdict has done that) and starts nothing, so that a report
// can be concluded, checked and written again from disk.
package report

import (
	"path"
	"slices"
	"strings"
	"time"

	"countersign/steps/rules"
	"countersign/steps/verdict"
)

// SchemaID names the version of the form. A change that a reader of the old form
// would misunderstand gets another number.
const SchemaID = "countersign.report/1"

// A Report is the result of one run. Whoever runs fills it up to Problems;
// [Conclude] computes the rest. It is not safe for concurrent use.
type Report struct {
	Schema    string    `json:"schema"` // [SchemaID]
	Suite     Suite     `json:"suite"`
	Target    Target    `json:"target"`
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished"`
	Seed      int64     `json:"seed"`
	Command   []string  `json:"command"`
	Selection Selection `json:"selection"`

	Planned     int         `json:"planned"`               // scenarios of the plan, each front and row for itself
	Interrupted bool        `json:"interrupted,omitempty"` // a person ended the run
	NotStarted  []string    `json:"not_started,omitempty"` // why nothing was started, if nothing was
	Problems    []string    `json:"problems,omitempty"`    // what plan and run disagree about
	Notes       []string    `json:"notes,omitempty"`       // bounds that the run reached
	Deviations  []Deviation `json:"deviations,omitempty"`  // that the target asks to accept
	Results     []Result    `json:"results"`
	Usage       Usage       `json:"usage"`

	// Computed by Conclude.
	Totals Totals  `json:"totals"`
	Groups []Group `json:"groups"`
	// RuleTotals counts rules over all groups and fronts.
	RuleTotals RuleTotals  `json:"rule_totals"`
	Rules      []RuleRow   `json:"rules"`
	Roots      []Root      `json:"roots,omitempty"` // may be given with their evidence
	Stale      []Deviation `json:"stale_deviations,omitempty"`
	Verdict    string      `json:"verdict"`
	Exit       int         `json:"exit_code"`
}

// Suite is the program that judged.
type Suite struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is what was judged.
type Target struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Seat    string `json:"seat"` // "server" or "proxy"
}

// Selection is what a person asked to be run, and how.
type Selection struct {
	Tags   string   `json:"tags"`
	Rules  []string `json:"rules"`
	Fronts []string `json:"fronts"`
	Spread string   `json:"spread"`
	Strict bool     `json:"strict"` // advice fails
	// Groups are the folders of features that were asked for; none means all.
	Groups []string `json:"groups,omitempty"`
	// Scenarios are the ids that were asked for; none means all.
	Scenarios []string `json:"scenarios,omitempty"`
	FailFast  bool     `json:"fail_fast,omitempty"` // no scenario was started after the first violation
}

// A Result is what became of one planned scenario: one row of an outline at one front.
type Result struct {
	ID         string              `json:"id"` // unique in the report
	Feature    string              `json:"feature"`
	Rule       string              `json:"rule,omitempty"` // name of Gherkin's Rule
	Scenario   string              `json:"scenario"`
	Line       int                 `json:"line"`
	Row        int                 `json:"row,omitempty"` // of the outline, from 1; 0 for a plain scenario
	Front      string              `json:"front"`
	Instance   string              `json:"instance,omitempty"`
	Rules      []string            `json:"rules"`
	Class      rules.Class         `json:"class"`
	Outcome    verdict.Outcome     `json:"outcome"`
	Cited      verdict.Outcome     `json:"cited_outcome,omitempty"` // for the cited rules, without standing checks; empty if it is Outcome
	Reason     string              `json:"reason,omitempty"`
	BySubject  bool                `json:"by_subject,omitempty"` // blocked, and the subject is to blame
	Violations []verdict.Violation `json:"violations,omitempty"`
	Accepted   string              `json:"accepted,omitempty"` // issues of the deviations that cover all violations; computed
	Started    time.Time           `json:"started,omitzero"`   // when it was taken up, before it had its instance
	Duration   time.Duration       `json:"duration_ns"`        // without the wait for its instance
	Exchanges  int                 `json:"exchanges"`
	Transcript string              `json:"transcript,omitempty"` // path
}

// Folder is the folder of the feature, which is one half of its group.
func (r Result) Folder() string {
	dir := strings.TrimPrefix(path.Dir(path.Clean(r.Feature)), "features/")
	if dir == "." {
		return "features"
	}
	return dir
}

// Title names the scenario for a person: its name and, of an outline, the row.
func (r Result) Title() string {
	if r.Row == 0 {
		return r.Scenario
	}
	return r.Scenario + " [row " + itoa(r.Row) + "]"
}

// Where is the place of the scenario in the features.
func (r Result) Where() string { return r.Feature + ":" + itoa(r.Line) }

// A Deviation is a departure that somebody has accepted until a day, by rule or by
// scenario. One that no longer happens is stale and fails the run, so that
// such lists do not rot.
type Deviation struct {
	Rule     string    `json:"rule,omitempty"`
	Scenario string    `json:"scenario,omitempty"`
	Issue    string    `json:"issue"`
	Expires  time.Time `json:"expires"`
}

// Totals counts results by outcome. They add up to the plan or the run is an error.
type Totals map[verdict.Outcome]int

// Sum is the number of results counted.
func (t Totals) Sum() int {
	n := 0
	for _, c := range t {
		n += c
	}
	return n
}

// A Group is a folder of features at a front. A rule counts in one folder only: the
// one in which most scenarios cite it. Planned rules are those that a selected
// scenario cites or a standing check found broken; passed rules are those of which
// a scenario passed and no other one ended otherwise than not applicable. The sums
// of all groups at a front are the numbers of rules at that front.
type Group struct {
	Folder        string `json:"folder"`
	Front         string `json:"front"`
	Scenarios     int    `json:"scenarios"` // selected ones in the folder
	MustPlanned   int    `json:"must_planned"`
	MustPassed    int    `json:"must_passed"`
	AdvicePlanned int    `json:"advice_planned"`
	AdvicePassed  int    `json:"advice_passed"`
}

// Name is folder@front.
func (g Group) Name() string { return g.Folder + "@" + g.Front }

// RuleTotals counts each rule once, whatever the number of its scenarios and fronts.
type RuleTotals struct {
	MustSelected   int `json:"must_selected"`
	MustPassed     int `json:"must_passed"`
	MustBroken     int `json:"must_broken"` // by a violation that no deviation covers
	AdviceSelected int `json:"advice_selected"`
	AdvicePassed   int `json:"advice_passed"`
	AdviceAgainst  int `json:"advice_against"` // answered otherwise, and no deviation covers it
	// MustWithoutScenario is the number of testable must rules in the catalogue that
	// no scenario cites yet.
	MustWithoutScenario int `json:"must_without_scenario"`
}

// A RuleRow is a rule and what became of it at each front.
type RuleRow struct {
	ID        string          `json:"id"`
	Class     rules.Class     `json:"class"`
	Statement string          `json:"statement"`
	Source    string          `json:"source"` // document and lines
	Fronts    map[string]Cell `json:"fronts"`
}

// A Cell is what became of a rule at one front.
type Cell struct {
	Outcome   verdict.Outcome `json:"outcome"`
	Scenarios int             `json:"scenarios"`
	Accepted  bool            `json:"accepted,omitempty"` // every departure in it is an accepted one
}

// A Root is a prerequisite that failed once for many scenarios.
type Root struct {
	Reason    string `json:"reason"` // that of the results it blocked
	BySubject bool   `json:"by_subject"`
	Scenarios int    `json:"scenarios"`
	Evidence  string `json:"evidence,omitempty"` // last log lines, or the path of a transcript
}

// Usage is what the run cost.
type Usage struct {
	Wall           time.Duration `json:"wall_ns"`
	Cores          int           `json:"cores"`
	CPU            CPU           `json:"cpu"`
	Fronts         []FrontUsage  `json:"fronts"` // computed
	Configurations int           `json:"configurations"`
	Starts         int           `json:"starts"` // of instances, restarts included
	PeakInstances  int           `json:"peak_instances"`
	PeakMemory     int64         `json:"peak_memory_bytes"`
}

// CPU is processor time by who spent it.
type CPU struct {
	Suite    time.Duration `json:"suite_ns"`
	Subjects time.Duration `json:"subjects_ns"`
	Proxies  time.Duration `json:"proxies_ns"`
	Provider time.Duration `json:"provider_ns"` // 0 where it is counted with the suite
}

// Total is all of it.
func (c CPU) Total() time.Duration { return c.Suite + c.Subjects + c.Proxies + c.Provider }

// WallFactor is the wall time as a multiple of what the processor time would take
// on all cores. The budget is 2. It is 0 where nothing was measured.
func (u Usage) WallFactor() float64 {
	total := u.CPU.Total()
	if total <= 0 || u.Cores <= 0 {
		return 0
	}
	return float64(u.Wall) * float64(u.Cores) / float64(total)
}

// FrontUsage is what ran at one front.
type FrontUsage struct {
	Front     string `json:"front"`
	Selected  int    `json:"selected"`  // scenarios that were not skipped
	Scenarios int    `json:"scenarios"` // those of them that were executed
	Exchanges int    `json:"exchanges"`
}

// knownFronts is the order in which fronts are shown.
var knownFronts = []string{"direct", "nginx", "apache"}

// fronts returns the fronts of the results, each once: the known ones in their
// order, then any other by name.
func fronts(results []Result) []string {
	var found []string
	for _, r := range results {
		if !slices.Contains(found, r.Front) {
			found = append(found, r.Front)
		}
	}
	slices.SortFunc(found, compareFronts)
	return found
}

// selectedFronts returns the fronts at which a scenario was selected.
func selectedFronts(results []Result) []string {
	return fronts(slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return r.Outcome == verdict.Skipped }))
}

func compareFronts(a, b string) int {
	ia, ib := slices.Index(knownFronts, a), slices.Index(knownFronts, b)
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
