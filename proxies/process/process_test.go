package process

import (
	"slices"
	"testing"
)

func pidsOf(list []Info) []int {
	var pids []int
	for _, p := range list {
		pids = append(pids, p.PID)
	}
	return pids
}

func TestFamily(t *testing.T) {
	t.Parallel()
	all := []Info{
		{PID: 1},
		{PID: 11, Parent: 10, Group: 11, Session: 10}, // a child in its own group
		{PID: 10, Parent: 1, Group: 10, Session: 10},
		{PID: 12, Parent: 1, Group: 12, Session: 10},  // an orphan of the session
		{PID: 13, Parent: 11, Group: 13, Session: 13}, // a grandchild that left the session
		{PID: 20, Parent: 1, Group: 20, Session: 20},  // an unrelated process
		{PID: 21, Parent: 20, Group: 10, Session: 20}, // in the group
	}
	tests := []struct {
		name string
		root int
		want []int
	}{
		{"a session with descendants", 10, []int{10, 11, 12, 21, 13}},
		{"a leader that has ended", 30, nil},
		{"a child that leads its group", 11, []int{11, 13}},
		{"a process without children", 13, []int{13}},
	}
	for _, tt := range tests {
		if got := pidsOf(Family(all, tt.root)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Family(%d) = %v, want %v", tt.name, tt.root, got, tt.want)
		}
	}
	if got := pidsOf(Family(slices.DeleteFunc(all, func(p Info) bool { return p.PID == 10 }), 10)); !slices.Equal(got, []int{11, 12, 21, 13}) {
		t.Errorf("Family(10) = %v after the end of 10, want the members of its session and group, and their children", got)
	}
}

func TestLeaders(t *testing.T) {
	t.Parallel()
	list := []Info{{PID: 5, Group: 4}, {PID: 4, Group: 4}, {PID: 6, Group: 4}, {PID: 9, Group: 9}}
	if got := pidsOf(leaders(list)); !slices.Equal(got, []int{4, 9}) {
		t.Errorf("leaders() = %v, want [4 9]", got)
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]bool{"R": false, "S": false, "D": false, "T": false, "": false, "Z": true, "X": true} {
		if got := (Info{State: state}).Ended(); got != want {
			t.Errorf("Ended() = %t in state %q, want %t", got, state, want)
		}
	}
	for threads, want := range map[int]bool{1: true, 2: false} {
		if got := (Info{State: "Z", Threads: threads}).Ended(); got != want {
			t.Errorf("Ended() = %t in state Z with %d threads, want %t", got, threads, want)
		}
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	boot, space := place()
	tests := []struct {
		stamp           Stamp
		sameBoot, local bool
	}{
		{newStamp("1234"), true, true},
		{newStamp("Fri Nov 28 10:05:00 2025"), true, true}, // as ps prints it
		{Stamp(boot + ":another:1234"), true, space == "another"},
		{Stamp("another boot:" + space + ":1234"), false, false},
		{"another boot:1", false, false},
		{"1234", false, false},
	}
	for _, tt := range tests {
		if tt.stamp.SameBoot() != tt.sameBoot || tt.stamp.Local() != tt.local {
			t.Errorf("%q: same boot %t, local %t; want %t, %t", tt.stamp, tt.stamp.SameBoot(), tt.stamp.Local(), tt.sameBoot, tt.local)
		}
	}
	older := []struct {
		p, q string
		want bool
	}{{"99", "100", true}, {"100", "99", false}, {"100", "100", false}}
	for _, tt := range older {
		if got := (Info{Start: newStamp(tt.p)}).Older(Info{Start: newStamp(tt.q)}); got != tt.want {
			t.Errorf("Older() = %t for %s and %s, want %t", got, tt.p, tt.q, tt.want)
		}
	}
}
