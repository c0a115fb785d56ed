package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A coverage records which scenarios execute which places of an instrumented server. It is
// made from a run with one scenario at a time, in which the server records the times at
// which it executes a place.
type coverage struct {
	direct map[int][]string // place -> scenarios during which it was executed
	shared map[int][]string // place -> further scenarios on an instance that executed it when it started
	places map[string]int   // scenario -> number of places that it executes
}

// A visit is the execution of a place at a time.
type visit struct {
	place int
	at    time.Time
}

// readTrace reads the trace of one process of the server.
func readTrace(file string) ([]visit, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var visits []visit
	for len(raw) >= traceRecord {
		visits = append(visits, visit{
			place: int(binary.LittleEndian.Uint32(raw)),
			at:    time.UnixMicro(int64(binary.LittleEndian.Uint64(raw[4:]))),
		})
		raw = raw[traceRecord:]
	}
	return visits, nil
}

// readCoverage assigns the records of the traces in a folder to the scenarios of a report.
func readCoverage(dir string, report *suiteReport) (*coverage, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.trace"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no server wrote a trace into %s", dir)
	}
	line := newTimeline(report.Results)
	during, starting := map[int]map[string]bool{}, map[int]map[string]bool{}
	for _, file := range files {
		visits, err := readTrace(file)
		if err != nil {
			return nil, err
		}
		if len(visits) == 0 {
			continue
		}
		slices.SortFunc(visits, func(a, b visit) int { return a.at.Compare(b.at) })
		first := line.at(visits[0].at)
		for _, v := range visits {
			id := line.at(v.at)
			add(during, v.place, id)
			if id == first {
				for _, other := range line.onInstanceOf(first) {
					add(starting, v.place, other)
				}
			}
		}
	}
	return newCoverage(during, starting), nil
}

// add adds the scenario with an id to a place, unless the id is "".
func add(m map[int]map[string]bool, place int, id string) {
	if id == "" {
		return
	}
	if m[place] == nil {
		m[place] = map[string]bool{}
	}
	m[place][id] = true
}

func newCoverage(during, starting map[int]map[string]bool) *coverage {
	c := &coverage{direct: map[int][]string{}, shared: map[int][]string{}, places: map[string]int{}}
	for place, ids := range during {
		for id := range ids {
			c.direct[place] = append(c.direct[place], id)
			c.places[id]++
		}
	}
	for place, ids := range starting {
		for id := range ids {
			if !during[place][id] {
				c.shared[place] = append(c.shared[place], id)
			}
		}
	}
	for _, lists := range []map[int][]string{c.direct, c.shared} {
		for _, ids := range lists {
			c.sort(ids)
		}
	}
	return c
}

// sort sorts scenarios by the number of places that they execute. A scenario that executes
// few places is most likely to fail if one of them is changed.
func (c *coverage) sort(ids []string) {
	slices.SortFunc(ids, func(a, b string) int {
		if d := c.places[a] - c.places[b]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// executing returns the scenarios that execute a place in the order in which they run. It
// takes scenarios from each feature in turn, beginning with those that execute the fewest
// places. Scenarios that only share an instance come last. Scenarios that execute one of
// the preferred places come before all others.
func (c *coverage) executing(place int, preferred ...int) []string {
	all := append(interleave(c.direct[place]), interleave(c.shared[place])...)
	if len(preferred) == 0 {
		return all
	}
	first := map[string]bool{}
	for _, p := range preferred {
		for _, id := range c.direct[p] {
			first[id] = true
		}
	}
	slices.SortStableFunc(all, func(a, b string) int {
		switch {
		case first[a] == first[b]:
			return 0
		case first[a]:
			return -1
		}
		return 1
	})
	return all
}

// interleave takes ids from each feature in turn, and keeps the order within a feature.
func interleave(ids []string) []string {
	var features []string
	of := map[string][]string{}
	for _, id := range ids {
		feature, _, _ := strings.Cut(id, ":")
		if of[feature] == nil {
			features = append(features, feature)
		}
		of[feature] = append(of[feature], id)
	}
	var all []string
	for len(all) < len(ids) {
		for _, feature := range features {
			if len(of[feature]) > 0 {
				all = append(all, of[feature][0])
				of[feature] = of[feature][1:]
			}
		}
	}
	return all
}

// A timeline finds the scenario that ran at a time.
type timeline struct {
	results   []suiteResult // sorted by start time
	instances map[string][]string
	instance  map[string]string
}

func newTimeline(results []suiteResult) *timeline {
	t := &timeline{instances: map[string][]string{}, instance: map[string]string{}}
	for _, r := range results {
		if r.ran() && !r.Started.IsZero() {
			t.results = append(t.results, r)
			t.instances[r.Instance] = append(t.instances[r.Instance], r.ID)
			t.instance[r.ID] = r.Instance
		}
	}
	slices.SortFunc(t.results, func(a, b suiteResult) int { return a.Started.Compare(b.Started) })
	return t
}

// at returns the id of the last scenario that started before a time, or "".
func (t *timeline) at(when time.Time) string {
	n, found := slices.BinarySearchFunc(t.results, when, func(r suiteResult, when time.Time) int { return r.Started.Compare(when) })
	if !found {
		n--
	}
	if n < 0 {
		return ""
	}
	return t.results[n].ID
}

// onInstanceOf returns the scenarios on the instance of a scenario.
func (t *timeline) onInstanceOf(id string) []string { return t.instances[t.instance[id]] }
