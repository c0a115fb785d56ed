package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"

	"countersign/fakeidp/control"
)

// credentials are the client id and secret of a request.
type credentials struct {
	id, secret string
	method     string
}

// authenticate returns the client of a request to the token, revocation or introspection endpoint (RFC 6749, section
// 2.3). The request must use exactly the method for which the client is registered.
func (ex *exchange) authenticate(ps params) (*client, error) {
	cred, err := ex.credentials(ps)
	if err != nil {
		return nil, err
	}
	c := ex.is.client(cred.id)
	if c != nil {
		// Only a registered id is journaled: another value may be a secret in the wrong place.
		ex.entry.ClientID = c.spec.ID
	}
	// An unknown client is compared with an empty digest, so that it is refused like a wrong secret, in the same
	// time.
	var want [sha256.Size]byte
	if c != nil {
		want = c.secret
	}
	got := sha256.Sum256([]byte(cred.secret))
	same := subtle.ConstantTimeCompare(got[:], want[:]) == 1
	switch {
	case c == nil:
		return nil, invalidClient("the client is not registered")
	case cred.method != c.spec.TokenEndpointAuthMethod:
		return nil, invalidClient("the client used " + cred.method + " and is registered for " + c.spec.TokenEndpointAuthMethod)
	case !c.spec.Public && !same:
		return nil, invalidClient("the client secret is wrong")
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
			return credentials{}, invalidClient("the Authorization header is not that of RFC 6749, section 2.3.1")
		}
		if id, there := ps["client_id"]; there && id != cred.id {
			return credentials{}, invalidRequest("the body names another client than the header")
		}
		return cred, nil
	case ps["client_id"] == "":
		return credentials{}, invalidClient("the request names no client")
	case inBody:
		return credentials{ps["client_id"], secret, control.AuthPost}, nil
	}
	return credentials{ps["client_id"], "", control.AuthNone}, nil
}

// basic parses an Authorization header of RFC 6749, section 2.3.1. Identifier and secret are form-urlencoded and
// joined by a colon.
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
