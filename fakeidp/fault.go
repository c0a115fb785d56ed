package fakeidp

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"countersign/fakeidp/control"
)

// A faultSet is the list of faults of an issuer. A change of faults creates a new set.
type faultSet struct {
	released chan struct{} // closed when the set is replaced: it ends the delays of its faults

	mu     sync.Mutex
	faults []*fault
}

// A fault is a fault with its counts, which the mutex of its set guards.
type fault struct {
	control.Fault
	selected, applied int
}

// setFaults checks the faults and replaces those of the issuer. An empty list removes them. It returns an error with
// all problems.
func (is *issuer) setFaults(list []control.Fault) error {
	if err := checkFaults(list); err != nil {
		return err
	}
	var set *faultSet
	if len(list) > 0 {
		set = &faultSet{released: make(chan struct{})}
	}
	for i, f := range list {
		if f.Name == "" {
			f.Name = fmt.Sprintf("fault-%d", i+1)
		}
		if f.Moment == "" {
			f.Moment = control.After
		}
		set.faults = append(set.faults, &fault{Fault: f})
	}
	if old := is.faults.Swap(set); old != nil {
		close(old.released)
	}
	return nil
}

// reportFaults returns the faults of the issuer with their counts.
func (is *issuer) reportFaults() control.FaultReports {
	out := control.FaultReports{Faults: []control.FaultReport{}}
	set := is.faults.Load()
	if set == nil {
		return out
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	for _, f := range set.faults {
		out.Faults = append(out.Faults, control.FaultReport{Fault: f.Fault, Selected: f.selected, Applied: f.applied})
	}
	return out
}

// choose counts a request and returns the fault that applies to it at a moment, or nil. rep is the reply of the
// provider; it is nil before the provider acts.
func (s *faultSet) choose(moment string, q requestFacts, rep *reply) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Moment != moment || !f.selects(q) || rep != nil && !f.fits(*rep) {
			continue
		}
		f.selected++
		if f.selected > f.Skip && (f.Times == 0 || f.applied < f.Times) {
			f.applied++
			return f
		}
	}
	return nil
}

// requestFacts are the properties of a request by which a fault selects.
type requestFacts struct {
	endpoint string
	clientID string
	form     url.Values
}

func (f *fault) selects(q requestFacts) bool {
	switch {
	case f.Endpoint != "" && f.Endpoint != q.endpoint,
		f.GrantType != "" && f.GrantType != q.form.Get("grant_type"),
		f.ClientID != "" && f.ClientID != q.clientID:
		return false
	}
	for name, value := range f.Form {
		if !slices.Contains(q.form[name], value) {
			return false
		}
	}
	return true
}

// fits reports whether the reply has what the fault changes.
func (f *fault) fits(rep reply) bool {
	return (f.Members == nil || isObject(rep)) && (f.Parameters == nil || rep.header.Get("Location") != "")
}

func isObject(rep reply) bool {
	return rep.header.Get("Content-Type") == jsonType && bytes.HasPrefix(rep.body, []byte("{"))
}

// replaces reports whether the fault sends its own reply, or none, instead of one of the provider. If it happens
// before the provider acts, the provider does not act.
func (f *fault) replaces() bool {
	return f.Body != nil || f.Redirect != "" || f.FloodBytes > 0 || f.Drop != "" && f.KeepBytes == nil
}

// readFacts reads the properties of a request. It reads the body and puts it back, with the error of reading it.
func (ex *exchange) readFacts(endpoint string) requestFacts {
	q := requestFacts{endpoint: endpoint, form: ex.r.URL.Query()}
	if kind, _, err := mime.ParseMediaType(ex.r.Header.Get("Content-Type")); err == nil && kind == formType {
		text, err := io.ReadAll(ex.r.Body)
		ex.r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text), failingReader{err}))
		values, _ := url.ParseQuery(string(text)) // the endpoint refuses what is not well-formed
		for name, vs := range values {
			q.form[name] = append(q.form[name], vs...)
		}
	}
	q.clientID = ex.presentedClient(q.form)
	return q
}

// A failingReader returns an error, or the end of the text.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
}

// presentedClient returns the client that a request names, which need not be registered or authenticated.
func (ex *exchange) presentedClient(form url.Values) string {
	header := ex.r.Header.Get("Authorization")
	if cred, ok := basic(header); ok {
		return cred.id
	}
	if scheme, token, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") {
		ex.is.mu.Lock()
		defer ex.is.mu.Unlock()
		if t, ok := ex.is.access.get(digestOf(token)); ok {
			return t.client.spec.ID
		}
	}
	return form.Get("client_id")
}

// notePresented journals a request that a fault keeps from the provider, as far as the issuer recognises its values.
func (ex *exchange) notePresented(q requestFacts) {
	if c := ex.is.client(q.clientID); c != nil {
		ex.entry.ClientID = c.spec.ID
	}
	if _, ok := grants[q.form.Get("grant_type")]; ok && q.endpoint == control.EndpointToken {
		ex.entry.GrantType = q.form.Get("grant_type")
	}
	if q.endpoint == control.EndpointToken {
		ex.journalPresented(params{"code": q.form.Get("code"), "refresh_token": q.form.Get("refresh_token")})
		ex.entry.HasPKCE = q.form.Has("code_verifier")
	}
	ex.entry.Outcome, ex.entry.Detail = control.OutcomeFault, "a fault kept the request from the provider"
}

// answerFaulty answers a request to an issuer with faults.
func (ex *exchange) answerFaulty(w http.ResponseWriter, ep endpoint, set *faultSet) {
	q := ex.readFacts(ep.name)
	f := set.choose(control.Before, q, nil)
	var rep reply
	if f != nil && f.replaces() {
		ex.notePresented(q)
	} else {
		if f != nil {
			f.wait(w, ex.r, set.released)
		}
		rep = ex.answer(ep)
	}
	if f == nil {
		q.clientID = cmp.Or(q.clientID, ex.entry.ClientID)
		f = set.choose(control.After, q, &rep)
	}
	if f == nil {
		ex.finish(rep.status)
		rep.write(w)
		return
	}
	rep = f.change(rep)
	ex.entry.Fault, ex.entry.FaultMoment = f.Name, f.Moment
	ex.finish(f.sentStatus(rep))
	if f.Moment == control.After || f.replaces() {
		f.wait(w, ex.r, set.released)
	}
	f.send(w, ex.r, rep, set.released)
}
