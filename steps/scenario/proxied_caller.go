package scenario

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"countersign/steps/arrival"
	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/verdict"
)

// A Caller is a kind of client of a proxy, by its credentials.
type Caller string

// The callers.
const (
	signedIn    Caller = "a signed-in visitor"
	anonymous   Caller = "an anonymous visitor"          // of a proxy that asks visitors to log in
	withoutAny  Caller = "a visitor without credentials" // of any proxy
	apiClient   Caller = "an API client"
	otherHeader Caller = "an API client that uses X-RSC-Authorization"
	deployment  Caller = "a deployment client"
)

// Callers are the callers by the words of features.
var Callers = map[string]Caller{
	string(signedIn): signedIn, string(anonymous): anonymous, string(apiClient): apiClient,
	string(otherHeader): otherHeader, string(deployment): deployment, string(withoutAny): withoutAny,
}

// SignedInVisitor is the short name of the signed-in visitor.
const SignedInVisitor = "alice"

// credentials returns the header lines of a caller.
func (x *Proxied) credentials(ctx context.Context, c Caller) ([]string, error) {
	switch c {
	case signedIn:
		return x.signIn(ctx, SignedInVisitor)
	case anonymous:
		return nil, x.requireGate()
	case withoutAny:
		return nil, nil
	case apiClient:
		return []string{"Authorization: Key " + x.state.WireName("key")}, nil
	case otherHeader:
		return []string{"X-RSC-Authorization: Key " + x.state.WireName("key")}, nil
	}
	return x.deploymentLines(nil), nil
}

// deploymentLines returns the header lines of a signed deployment request. No server checks the
// signature.
func (x *Proxied) deploymentLines(body []byte) []string {
	sum := sha256.Sum256(body)
	encoded := base64.StdEncoding.EncodeToString(sum[:])
	return []string{
		"Date: Mon, 02 Jan 2006 15:04:05 GMT", "X-Auth-Token: " + x.state.WireName("token"),
		"X-Auth-Signature: " + encoded, "X-Content-Checksum: " + encoded,
	}
}

// accounts are the short names of the users that a target may name, in its order.
var accounts = []string{SignedInVisitor, "bob"}

// identity returns the identity of a user at the proxy: of one that the target names, or else of one with
// a name of this scenario only.
func (x *Proxied) identity(short string) driver.Identity {
	if named, ok := instance.UserOf(*x.state.Target.Proxy.SignIn, slices.Index(accounts, short)); ok {
		return named
	}
	name := x.state.WireName(short)
	return driver.Identity{
		Username: name, UniqueID: "id-" + name, FirstName: "First-" + name, LastName: "Last-" + name,
		Email: name + "@example.com", Role: "viewer", Groups: []string{"readers-" + name, "writers-" + name},
	}
}

// signIn signs a user in at the proxy, once in a scenario, and returns the header lines of its
// requests.
func (x *Proxied) signIn(ctx context.Context, short string) ([]string, error) {
	session, known := x.sessions[short]
	if !known {
		var err error
		how := *x.state.Target.Proxy.SignIn
		if n := slices.Index(accounts, short); len(how.Users) > 0 && n >= len(how.Users) {
			return nil, &verdict.Inapplicable{Reason: "the target names one user who can sign in"}
		}
		session, err = instance.SignInAtProxy(ctx, x.state.Instance.Subject, how, x.identity(short), "", x.state.Recorder)
		if err != nil {
			return nil, err
		}
		x.sessions[short] = session
	}
	if len(session.Lines) == 0 {
		return nil, &verdict.Block{Reason: "the proxy does not let a user sign in: " + describeLogin(session.Login), BySubject: true}
	}
	var lines []string
	for _, l := range session.Lines {
		lines = append(lines, l.Name+": "+l.Value)
	}
	return lines, nil
}

// describeLogin says how far a login came.
func describeLogin(l *driver.ProxyLogin) string {
	switch {
	case l == nil:
		return "the target defines no header lines"
	case l.Redirect == nil:
		return "a page is not redirected to a login page, " + l.Page.Summary()
	case l.Done == nil:
		return "the login page cannot be opened, " + l.Page.Summary()
	}
	return "the form was answered without a cookie, " + l.Done.Summary()
}

// IdentityHeader is an identity header by what it contains.
type IdentityHeader string

// IdentityHeaders are the identity headers by the words of features.
var IdentityHeaders = map[string]IdentityHeader{
	"username": "username", "unique id": "unique id", "first name": "first name", "last name": "last name",
	"email": "email", "role": "role", "groups": "groups",
}

// name returns the name of a header that the server behind the proxy reads. The scenario is
// inapplicable if the server reads none.
func (x *Proxied) name(h IdentityHeader) (string, error) {
	n := x.state.Instance.Configuration.Headers
	name := map[IdentityHeader]string{
		"username": n.Username, "unique id": n.UniqueID, "first name": n.FirstName, "last name": n.LastName,
		"email": n.Email, "role": n.Role, "groups": n.Groups,
	}[h]
	if name == "" {
		return "", &verdict.Inapplicable{Reason: fmt.Sprintf("the server behind the proxy reads no header for the %s", h)}
	}
	return name, nil
}

// values returns what the proxy sends in a header for a user, line by line.
func (x *Proxied) values(h IdentityHeader, i driver.Identity) []string {
	switch h {
	case "username":
		return []string{i.Username}
	case "unique id":
		return []string{i.UniqueID}
	case "first name":
		return []string{i.FirstName}
	case "last name":
		return []string{i.LastName}
	case "email":
		return []string{i.Email}
	case "role":
		return []string{i.Role}
	}
	if separator := x.state.Instance.Configuration.GroupsSeparator; separator != "" {
		return []string{strings.Join(i.Groups, separator)}
	}
	return i.Groups
}

// identityNames returns the names of all identity headers that the server reads.
func (x *Proxied) identityNames() []string {
	var names []string
	for h := range IdentityHeaders {
		if name, err := x.name(IdentityHeader(h)); err == nil {
			names = append(names, name)
		}
	}
	return names
}

func idLine(id string) string { return arrival.HeaderID + ": " + id + "\r\n" }
