package fakeidp_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"countersign/fakeidp/control"
)

// TestFaultTimesConcurrent checks that a fault with times applies exactly so often to simultaneous requests.
func TestFaultTimesConcurrent(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	r.setFaults(control.Fault{Endpoint: control.EndpointJWKS, Skip: 5, Times: 10, Moment: control.Before, Status: 599, Body: control.Text("")})
	var faulty atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if r.get("/jwks").status == 599 {
				faulty.Add(1)
			}
		})
	}
	all.Wait()
	if n := faulty.Load(); n != 10 {
		t.Errorf("the fault applied to %d of 50 requests, want 10", n)
	}
}

// TestFaultLeavesOthersAlone checks that an issuer with faults is as strict as one without for requests that no fault
// selects: it has read their bodies before the endpoint does.
func TestFaultLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, blue())
	r.setFaults(control.Fault{ClientID: "nobody", Status: 599}, control.Fault{ClientID: "nobody", Moment: control.Before, Drop: control.DropClose})
	first := r.redeem("web")
	r.granted(r.refresh("web", first.str("refresh_token")))
	r.refused(r.refresh("web", first.str("refresh_token")), 400, "invalid_grant")
	r.granted(r.post("/token", form("grant_type", "client_credentials"), r.as("machine")))
	machine := form("grant_type", "client_credentials")
	r.refused(r.post("/token", machine+"&x="+strings.Repeat("a", 64<<10), r.as("machine")), 413, "invalid_request")
	r.refused(r.post("/token", machine+"&scope=read&scope=write", r.as("machine")), 400, "invalid_request")
	r.refused(r.post("/token?"+machine, "", r.as("machine")), 400, "invalid_request")
	r.refused(r.post("/token", machine+"&x=%zz", r.as("machine")), 400, "invalid_request")
	r.code("post")
	if back := r.back(r.post("/authorize", query("web").Encode())); back.Get("code") == "" {
		t.Errorf("authorization by POST: %v", back)
	}
	for _, e := range r.journal() {
		if e.Fault != "" || e.Outcome == control.OutcomeFault {
			t.Errorf("journal: %+v", e)
		}
	}
}
