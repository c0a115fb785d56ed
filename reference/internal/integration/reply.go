package integration

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
)

// maxReply bounds the body of a token reply in bytes. x/oauth2 reads as much.
const maxReply = 1 << 20

// tokenReplies is a transport that prepares token replies for x/oauth2, which refuses some replies that a client can
// use: JSON with another media type, and an expires_in that is not an integer. It returns a *memberError for a
// successful reply in which a required member cannot be used.
type tokenReplies struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t tokenReplies) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxReply+1))
	reply.Body.Close() //nolint:errcheck // it was read
	if err != nil {
		reply.Body = io.NopCloser(failingReader{err})
		return reply, nil
	}
	prepared, isJSON, err := prepareReply(body, reply.StatusCode/100 == 2)
	if err != nil {
		return nil, err
	}
	if isJSON {
		reply.Header.Set("Content-Type", "application/json")
	}
	reply.Body = io.NopCloser(bytes.NewReader(prepared))
	return reply, nil
}

// failingReader returns an error of the connection when x/oauth2 reads the body.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// memberError reports a member of a token reply that cannot be used.
type memberError struct{ member, problem string }

func (e *memberError) Error() string { return e.member + " " + e.problem }

// prepareReply returns the body of a token reply as x/oauth2 reads it, and reports whether it is a JSON object. It
// returns other bodies unchanged. success reports whether the status of the reply is a success.
func prepareReply(body []byte, success bool) (prepared []byte, isJSON bool, err error) {
	var members map[string]json.RawMessage
	if len(body) > maxReply || json.Unmarshal(body, &members) != nil || members == nil {
		return body, false, nil
	}
	if raw, sent := members["expires_in"]; sent {
		delete(members, "expires_in")
		if seconds := lifetime(raw); seconds > 0 {
			members["expires_in"] = json.RawMessage(strconv.FormatInt(seconds, 10))
		}
	}
	if _, refused := members["error"]; success && !refused {
		if err := checkMembers(members); err != nil {
			return nil, false, err
		}
	}
	prepared, err = json.Marshal(members)
	return prepared, true, err
}

// lifetime returns the value of expires_in in whole seconds. It accepts numbers of every form, also in a text, because
// providers send them. It returns 0 for a value that is no lifetime, which then counts as absent: the member is
// only RECOMMENDED (RFC 6749, section 5.1).
func lifetime(raw json.RawMessage) int64 {
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = quoted
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 1) {
		return 0
	}
	return int64(min(seconds, math.MaxInt32))
}

// checkMembers checks the members that a successful reply must have (RFC 6749, section 5.1), and the type of the
// refresh token.
func checkMembers(members map[string]json.RawMessage) error {
	for _, name := range []string{"access_token", "token_type"} {
		var text *string
		raw, sent := members[name]
		switch {
		case !sent:
			return &memberError{name, "is missing"}
		case json.Unmarshal(raw, &text) != nil || text == nil:
			return &memberError{name, "is not a text"}
		case *text == "":
			return &memberError{name, "is empty"}
		}
	}
	if raw, sent := members["refresh_token"]; sent && json.Unmarshal(raw, new(*string)) != nil {
		return &memberError{"refresh_token", "is not a text"}
	}
	return nil
}
