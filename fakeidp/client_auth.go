package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"

	"countersign/fakeidp/control"
)

// credentials are what a request says about its client.
type credentials struct {
	id, secret string
	method     string
}

// authenticate finds the client of a request to the token, revocation or
// introspection endpoint (RFC 6749, section 2.3): by exactly the method it is
// registered for, and by one only.
func (ex *exchange) authenticate(ps params) (*client, error) {
	cred, err := ex.credentials(ps)
	if err != nil {
		return nil, err
	}
	c := ex.is.client(cred.id)
	if c != nil {
		// Only a name that is registered: anything else may be a secret in
		// the wrong place.
		ex.entry.ClientID = c.spec.ID
	}
	// An unknown client is compared too, with nobody's digest, so that it is
	// refused like a wrong secret, in the same time.
	var want [sha256.Size]byte
	if c != nil {
		want = c.secret
	}
	got := sha256.Sum256([]byte(cred.secret))
	same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
	switch {
	case c == nil || cred.method != c.spec.TokenEndpointAuthMethod:
		return nil, invalidClient()
	case !c.spec.Public && !same:
		return nil, invalidClient()
	}
	return c, nil
}

func (ex *exchange) credentials(ps params) (credentials, error) {
	headers := ex.r.Header.Values("Authorization")
	secret, inBody := ps["client_secret"]
	switch {
	case len(headers) > 1:
		return credentials{}, invalidRequest("there is more than one Authorization header")
	case len(headers) == 1 && inBody:
		return credentials{}, invalidRequest("the client authenticates in two ways")
	case len(headers) == 1:
		cred, ok := basic(headers[0])
		if !ok {
			return credentials{}, invalidClient()
		}
		if id, there := ps["client_id"]; there && id != cred.id {
			return credentials{}, invalidRequest("the body names another client than the header")
		}
		return cred, nil
	case ps["client_id"] == "":
		return credentials{}, invalidClient()
	case inBody:
		return credentials{ps["client_id"], secret, control.AuthPost}, nil
	}
	return credentials{ps["client_id"], "", control.AuthNone}, nil
}

// basic reads an Authorization header of RFC 6749, section 2.3.1: identifier
// and secret are form-urlencoded before they are joined by a colon.
func basic(header string) (credentials, bool) {
	scheme, encoded, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return credentials{}, false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimLeft(encoded, " "))
	if err != nil {
		return credentials{}, false
	}
	user, password, ok := strings.Cut(string(text), ":")
	id, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	if !ok || err1 != nil || err2 != nil || id == "" {
		return credentials{}, false
	}
	return credentials{id, secret, control.AuthBasic}, true
}
