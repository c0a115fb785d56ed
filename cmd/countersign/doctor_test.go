package main

import (
	"errors"
	"strings"
	"testing"
)

// A machine without 127.0.0.1 is told what to do, by what it has instead.
func TestDoctorLooksForTheLoopbackAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		hosts       []string // that accept connections
		ok          bool
		found, todo string
	}{
		{"both addresses", []string{"127.0.0.1", "::1"}, true, "accepts connections", ""},
		{"IPv4 only", []string{"127.0.0.1"}, true, "accepts connections", ""},
		{"IPv6 only", []string{"::1"}, false, "IPv6 only", "ip address add 127.0.0.1/8"},
		{"none", nil, false, "may be down", "ip link set lo up"},
	}
	for _, tt := range tests {
		f := address(func(host string) error {
			for _, h := range tt.hosts {
				if h == host {
					return nil
				}
			}
			return errors.New("cannot assign requested address")
		})
		if f.ok != tt.ok || !f.needed || !strings.Contains(f.found, tt.found) || !strings.Contains(f.todo, tt.todo) {
			t.Errorf("%s: %+v, want ok %v, found %q and todo %q", tt.name, f, tt.ok, tt.found, tt.todo)
		}
		if missing([]finding{f}) == nil != tt.ok {
			t.Errorf("%s: a run starts: %v, want %v", tt.name, !tt.ok, tt.ok)
		}
	}
}
