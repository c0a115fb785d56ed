package driver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"countersign/steps/transcript"
)

// A Reply is the reply to a request. Its methods accept a nil *Reply, which stands for no reply,
// and any body; a body that is no JSON object has no members.
type Reply struct {
	Status   int
	Header   http.Header
	Body     []byte
	Exchange *transcript.Exchange

	method string
	url    *url.URL

	decode  sync.Once
	members map[string]json.RawMessage
}

// Is reports whether the status has the given first digit, such as 2 for 2xx.
func (r *Reply) Is(class int) bool { return r != nil && r.Status/100 == class }

// Refuses reports whether the reply refuses the request. The documents name no status for a
// refusal, so any 4xx is one, and 501, which servers send for methods that they do not implement.
func (r *Reply) Refuses() bool {
	return r.Is(4) || r != nil && r.Status == http.StatusNotImplemented
}

// URL returns the URL of the request.
func (r *Reply) URL() string {
	if r == nil || r.url == nil {
		return ""
	}
	return r.url.String()
}

// Location returns the absolute URL of a redirect, or "" if there is none.
func (r *Reply) Location() string {
	if u := r.location(); u != nil {
		return u.String()
	}
	return ""
}

func (r *Reply) location() *url.URL {
	if r == nil || r.url == nil || len(r.Header["Location"]) != 1 {
		return nil
	}
	u, err := r.url.Parse(r.Header.Get("Location"))
	if err != nil {
		return nil
	}
	return u
}

// redirects reports whether a browser follows the reply to another URL.
func (r *Reply) redirects() bool {
	switch r.Status {
	case 301, 302, 303, 307, 308:
		return r.location() != nil
	}
	return false
}

// maxValues bounds the JSON values of a body that is decoded, and thereby the memory that a
// short body of many values takes.
const maxValues = 50_000

// Decode decodes the body, which must hold one JSON value. Numbers in untyped values become
// json.Number, so that no number is too large.
func (r *Reply) Decode(into any) error {
	if r == nil {
		return errors.New("no reply")
	}
	if bytes.Count(r.Body, []byte(",")) > maxValues {
		return fmt.Errorf("decode the body: it has more than %d JSON values", maxValues)
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("decode the body: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("decode the body: it has more than one JSON value")
	}
	return nil
}

// IsJSON reports whether the Content-Type of the reply is a JSON type.
func (r *Reply) IsJSON() bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"))
}

// RefusesForeignFrames reports whether the reply forbids browsers to show it in a frame of another
// site, by Content-Security-Policy or X-Frame-Options.
func (r *Reply) RefusesForeignFrames() bool {
	for _, policy := range r.Header.Values("Content-Security-Policy") {
		for _, directive := range strings.FieldsFunc(policy, func(c rune) bool { return c == ';' || c == ',' }) {
			words := strings.Fields(strings.ToLower(directive))
			if len(words) > 0 && words[0] == "frame-ancestors" {
				return !slices.ContainsFunc(words[1:], func(source string) bool { return source != "'none'" && source != "'self'" })
			}
		}
	}
	option := strings.ToLower(r.Header.Get("X-Frame-Options"))
	return option == "deny" || option == "sameorigin"
}

// Object returns the members of a body that is a JSON object, or nil.
func (r *Reply) Object() map[string]any {
	var object map[string]any
	if r.Decode(&object) != nil {
		return nil
	}
	return object
}

// member returns the raw value of a member of a body that is a JSON object. The body is decoded
// once.
func (r *Reply) member(name string) json.RawMessage {
	if r == nil {
		return nil
	}
	r.decode.Do(func() {
		if r.Decode(&r.members) != nil {
			r.members = nil
		}
	})
	return r.members[name]
}

// Text returns a member that is a string or a number as text, or "".
func (r *Reply) Text(member string) string {
	raw := r.member(member)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return number(raw).String()
}

// Int returns a member that is an integer, and whether it is one.
func (r *Reply) Int(member string) (int64, bool) {
	i, err := number(r.member(member)).Int64()
	return i, err == nil
}

// number returns raw if it is a JSON number, or "".
func number(raw json.RawMessage) json.Number {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return ""
	}
	return json.Number(raw)
}

// Entries returns the number of entries of a listing, which is an array or an object with the
// array "results". ok is false for a reply that is no listing.
func (r *Reply) Entries() (n int, ok bool) {
	var all []any
	if r.Is(2) && r.Decode(&all) == nil {
		return len(all), all != nil
	}
	all, ok = r.Object()["results"].([]any)
	return len(all), ok && r.Is(2)
}

// Everything returns the head and the body of the reply as one text.
func (r *Reply) Everything() string {
	if r == nil {
		return ""
	}
	head := ""
	if r.Exchange != nil {
		head = string(r.Exchange.ResponseHead)
	}
	return head + string(r.Body)
}

// SetCookies returns the values of the cookies that the reply sets. The value of a cookie that it
// expires is "".
func (r *Reply) SetCookies() map[string]string {
	if r == nil {
		return nil
	}
	cookies := make(map[string]string)
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		cookies[c.Name] = c.Value
		if c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Unix() <= 0 {
			cookies[c.Name] = ""
		}
	}
	return cookies
}

// longRun matches long runs of characters that occur in keys, tokens and cookies.
var longRun = regexp.MustCompile(`[A-Za-z0-9_+/=-]{20,}`)

// Summary describes the request and the reply in one line for a report. It replaces text from the
// server that may be a secret.
func (r *Reply) Summary() string {
	if r == nil {
		return "no reply"
	}
	var b strings.Builder
	if r.url != nil {
		fmt.Fprintf(&b, "%s %s: ", r.method, r.url.EscapedPath())
	}
	fmt.Fprintf(&b, "%d", r.Status)
	if text := http.StatusText(r.Status); text != "" {
		b.WriteString(" " + text)
	}
	if code, ok := r.Int("code"); ok {
		fmt.Fprintf(&b, ", code %d", code)
	}
	if words := r.Text("error"); words != "" {
		fmt.Fprintf(&b, ", %.200q", longRun.ReplaceAllString(words, "[redacted]"))
	}
	if to := r.location(); to != nil {
		fmt.Fprintf(&b, ", to %s", origin(to)+to.EscapedPath())
	}
	if r.Exchange != nil {
		fmt.Fprintf(&b, " (exchange %d)", r.Exchange.Seq)
	}
	return b.String()
}
