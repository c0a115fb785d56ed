package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// maxJSONBody bounds the size of JSON in a request.
const maxJSONBody = 1 << 20

// decode reads one JSON value from the body into v. Unknown fields, wrong types, data after the value and bodies over
// maxJSONBody are errors with status 400. It ignores the content type, because documented clients send JSON as
// application/x-www-form-urlencoded (curl --data).
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := io.ReadAll(maxBytes(w, r.Body, maxJSONBody))
	if err != nil {
		return errInvalidJSON.withText("The request JSON is invalid: the body is larger than %d bytes or cannot be read.", maxJSONBody).withCause(err)
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return errInvalidJSON.withText("The request JSON is invalid: the body may not be null.") // Decode would accept it for every type
	}
	if !utf8.Valid(body) {
		return errInvalidJSON.withText("The request JSON is invalid: it is not UTF-8.") // Decode would store replacement characters
	}
	if hasNUL(body) {
		return errInvalidJSON.withText("The request JSON is invalid: it has the character U+0000.") // no text in Postgres can contain it
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return errInvalidJSON.withText("The request JSON is invalid: %s.", jsonProblem(err)).withCause(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errInvalidJSON.withText("The request JSON is invalid: there is data after the value.")
	}
	return nil
}

// hasNUL reports whether a JSON text contains U+0000, which it can contain only as an escape.
func hasNUL(body []byte) bool {
	for {
		i := bytes.Index(body, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		before := len(bytes.TrimRight(body[:i], `\`))
		if (i-before)%2 == 0 { // otherwise the backslash itself is escaped
			return true
		}
		body = body[i+1:]
	}
}

// jsonProblem describes a decoding error without repeating the value.
func jsonProblem(err error) string {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return "field " + wrongType.Field + " may not be a " + wrongType.Value
	case errors.As(err, &wrongType):
		return "the body may not be a " + wrongType.Value
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return strings.TrimPrefix(err.Error(), "json: ")
	case errors.Is(err, io.EOF):
		return "the body is empty"
	}
	return "it is not well-formed"
}

// viewsOf returns the JSON forms of a list. It returns an empty list, and not null, for an empty one.
func viewsOf[T, V any](list []T, view func(T) V) []V {
	views := make([]V, len(list))
	for i, one := range list {
		views[i] = view(one)
	}
	return views
}

// writeJSON writes v as the reply. Caches may not store it, because replies of the API contain tokens and private
// data. If v cannot be encoded, it returns an error and writes nothing.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client is gone
	return nil
}

// apiTime is a time in the form of the API: UTC with whole seconds, or null if it is zero.
type apiTime time.Time

// MarshalJSON implements json.Marshaler.
func (t apiTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return time.Time(t).UTC().AppendFormat(nil, `"`+time.RFC3339+`"`), nil
}
