// Package scenario holds what one scenario remembers and does: its people, content, groups and
// integrations, its issuer at the OAuth provider, the requests that it compares, and the server
// that it uses. Its methods act through package driver and record what they observe; package
// check judges the observations.
package scenario

import (
	"fmt"
	"net/url"
	"time"

	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/plan"
	"countersign/steps/probe"
	"countersign/steps/target"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// An Environment is what a scenario is given.
type Environment struct {
	Job         *plan.Job
	Suffix      string // makes the names of the scenario unique in the run
	Target      target.Target
	Pool        *instance.Pool
	Instance    *instance.Instance // leased for the scenario
	Recorder    *transcript.Recorder
	Provider    control.Client
	ProviderURL string
	LogPatience *LogPatience
	LogFrom     int64 // the size of the instance's log when the scenario began
}

// A State is what one scenario remembers. It is used by one goroutine at a time.
type State struct {
	Environment
	Compared Comparison
	Groups   Groups
	Server   Server
	Proxied  Proxied

	people       map[string]*Person
	contents     map[string]*Content
	integrations map[string]*Integration
	issuer       *Issuer
	changes      []*change
	answer       *url.URL // of the provider to a login that is not completed yet
	answerFor    *Person
	answerBefore *url.URL        // the answer before it
	loginChain   []*driver.Reply // the replies of the last login that began at a departure
	dashboard    *Dashboard
	obtained     bool // content was given a token
}

// New returns the state of a scenario that has done nothing yet.
func New(e Environment) *State {
	s := &State{
		Environment: e, people: map[string]*Person{}, contents: map[string]*Content{}, integrations: map[string]*Integration{},
	}
	s.Groups = Groups{state: s, known: map[string]*Group{}, opened: map[*Content]bool{}}
	s.Server = Server{state: s}
	s.Proxied = Proxied{state: s, sessions: map[string]instance.ProxySession{}}
	return s
}

// IssuerName returns the name of the scenario's issuer at the provider, "" if it has none.
func (s *State) IssuerName() string {
	if s.issuer == nil {
		return ""
	}
	return s.issuer.name
}

// Configurations returns those that the scenario's server runs with and has run with, or will
// run with.
func (s *State) Configurations() []plan.Configuration {
	return append([]plan.Configuration{s.Instance.Configuration, s.Job.Scenario.Configuration}, s.Job.Scenario.Further...)
}

// WireName returns the unique name that the scenario uses on the wire for a short name in a
// feature.
func (s *State) WireName(short string) string { return short + "-" + s.Suffix }

// Operator returns the administrator of the instance.
func (s *State) Operator() *driver.Persona { return s.Instance.Operator(s.Recorder) }

// Anonymous returns a browser in which no user is signed in.
func (s *State) Anonymous() *driver.Persona {
	return s.Person("anonymous").newBrowser().WithoutIdentity()
}

// notGranted blocks a scenario whose prerequisite the server refused.
func notGranted(what string, reply *driver.Reply) error {
	return &verdict.Block{Reason: what + " was not granted: " + reply.Summary(), BySubject: true}
}

// require blocks a scenario unless a prerequisite was granted.
func require(what string) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		if err == nil && !reply.Is(2) {
			return notGranted(what, reply)
		}
		return err
	}
}

// trouble makes an error of the provider or of the suite one that does not blame the server.
func trouble(op string, err error) error {
	if err == nil {
		return nil
	}
	return &verdict.Trouble{Op: op, Err: err}
}

// Questions are what content asks while it executes: a token for its visitor, and one for
// itself, each followed by the data that the token opens. Content asks both, whatever is
// associated with it, so that "no token" is an observation.
func (s *State) Questions() []probe.Action {
	resource := ""
	if s.issuer != nil {
		resource = s.issuer.url + "/resource"
	}
	ask := func(subject, kind string) []probe.Action {
		return []probe.Action{
			driver.ExchangeAction(subject, kind),
			{Do: probe.DoCall, Method: "GET", URL: resource, Headers: map[string]string{"Authorization": "Bearer {token}"}},
		}
	}
	return append(
		ask(visitToken, driver.UserSessionToken),
		ask("{env.CONNECT_CONTENT_SESSION_TOKEN|file.CONNECT_CONTENT_SESSION_TOKEN_FILE}", driver.ContentSessionToken)...,
	)
}

// LostTime returns the time that the scenario lost in failed starts and slow replies, each of
// at least the given length.
func (s *State) LostTime(atLeast time.Duration) time.Duration {
	lost := s.Server.lost(atLeast)
	for _, x := range s.Recorder.Exchanges() {
		if x.Duration >= atLeast {
			lost += x.Duration
		}
	}
	return lost
}

// missing is the trouble of a step whose object no step before it has made.
func missing(format string, args ...any) error {
	return &verdict.Trouble{Op: fmt.Sprintf(format, args...)}
}
