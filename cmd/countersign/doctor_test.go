package main

import (
	"errors"
	"strings"
	"testing"
)

// TestDoctorLooksForTheLoopbackAddress checks the remedies for a machine without 127.0.0.1,
// with and without the loopback address of IPv6.
func TestDoctorLooksForTheLoopbackAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		hosts          []string // that accept connections
		ok             bool
		detail, remedy string
	}{
		{"both addresses", []string{"127.0.0.1", "::1"}, true, "accepts connections", ""},
		{"IPv4 only", []string{"127.0.0.1"}, true, "accepts connections", ""},
		{"IPv6 only", []string{"::1"}, false, "only the loopback address of IPv6", "ip address add 127.0.0.1/8"},
		{"none", nil, false, "may be down", "ip link set lo up"},
	}
	for _, tt := range tests {
		f := checkAddress(func(host string) error {
			for _, h := range tt.hosts {
				if h == host {
					return nil
				}
			}
			return errors.New("cannot assign requested address")
		})
		if f.ok != tt.ok || !f.needed || !strings.Contains(f.detail, tt.detail) || !strings.Contains(f.remedy, tt.remedy) {
			t.Errorf("%s: %+v, want ok %v, detail %q and remedy %q", tt.name, f, tt.ok, tt.detail, tt.remedy)
		}
		if missing([]finding{f}) == nil != tt.ok {
			t.Errorf("%s: a run can start: %v, want %v", tt.name, !tt.ok, tt.ok)
		}
	}
}
