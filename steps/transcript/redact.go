package transcript

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// minSecret is the length from which a value from a secret place is hidden everywhere. Shorter
// values occur in other words.
const minSecret = 8

// A redactor decides which parts of exchanges may be written. It applies the allow-lists, and then
// hides the collected secrets even where an allow-list permits them.
type redactor struct {
	identity map[string]bool // header names in lower case
	names    map[string]bool
	hosts    map[string]bool
	secrets  map[string]bool
}

// redactor returns a redactor for the exchanges. The caller holds r.mu.
func (r *Recorder) redactor(exchanges []*Exchange) *redactor {
	red := &redactor{
		identity: maps.Clone(r.headers), names: maps.Clone(r.names),
		hosts: make(map[string]bool), secrets: make(map[string]bool),
	}
	for _, x := range exchanges {
		if u, err := url.Parse(x.URL); err == nil {
			red.hosts[u.Host] = true
		}
	}
	return red
}

// hidden returns the replacement for a value that must not be shown.
func hidden(value string) string {
	sum := sha256.Sum256([]byte(value))
	return fmt.Sprintf("[redacted %d bytes sha256:%s]", len(value), hex.EncodeToString(sum[:4]))
}

// plain returns a value in one line.
func plain(value string) string {
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		quoted := fmt.Sprintf("%q", value)
		return quoted[1 : len(quoted)-1]
	}
	return value
}

// word returns a value that is in the vocabulary, an id or a number, and hides any other.
func (r *redactor) word(value string, vocabulary map[string]bool) string {
	if value == "" || vocabulary[value] || r.names[value] || guidForm.MatchString(value) || numberForm.MatchString(value) {
		return value
	}
	return hidden(value)
}

// url returns a URL with its parts redacted. The URL may be relative.
func (r *redactor) url(text string) string {
	origin, rest := originOf(text)
	var out strings.Builder
	if scheme, host, ok := strings.Cut(origin, "://"); ok {
		if (scheme != "http" && scheme != "https") || !r.hosts[host] && !hostForm.MatchString(host) {
			return hidden(text)
		}
		out.WriteString(origin)
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	for i, segment := range strings.Split(path, "/") {
		if i > 0 {
			out.WriteByte('/')
		}
		out.WriteString(r.word(segment, pathWords))
	}
	if hasQuery {
		out.WriteString("?" + r.pairs(query))
	}
	if hasFragment {
		out.WriteString("#" + r.url(fragment))
	}
	return out.String()
}

// pairs returns a query or a form with its values redacted by their names.
func (r *redactor) pairs(text string) string {
	if text == "" {
		return ""
	}
	var out []string
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plainValue, err := url.QueryUnescape(value)
		switch {
		case err != nil || !shownMembers[name] && !urlMembers[name] && !knownMembers[name]:
			out = append(out, hidden(pair))
		case urlMembers[name]:
			out = append(out, name+"="+r.url(plainValue))
		case shownMembers[name]:
			out = append(out, name+"="+r.words(plainValue))
		default:
			out = append(out, name+"="+hidden(value))
		}
	}
	return strings.Join(out, "&")
}

// words returns a list of words, such as scopes, with each word redacted.
func (r *redactor) words(text string) string {
	parts := strings.Split(text, " ")
	for i, part := range parts {
		parts[i] = r.word(part, valueWords)
	}
	return strings.Join(parts, " ")
}

// header returns the value of a header line, redacted by the name of the header.
func (r *redactor) header(name, value string) string {
	lower := strings.ToLower(name)
	switch {
	case lower == "cookie":
		return r.cookies(value)
	case lower == "set-cookie":
		return r.setCookie(value)
	case hiddenHeaders[lower]:
		scheme, rest, ok := strings.Cut(value, " ")
		if ok && slices.Contains([]string{"Key", "Bearer", "Basic"}, scheme) {
			return scheme + " " + hidden(rest)
		}
		return hidden(value)
	case urlHeaders[lower]:
		return r.url(value)
	case lower == "x-correlation-id":
		return r.word(value, nil)
	case shownHeaders[lower], r.identity[lower]:
		return plain(value)
	}
	return hidden(value)
}

func (r *redactor) cookies(value string) string {
	parts := strings.Split(value, ";")
	for i, part := range parts {
		name, v, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || !cookieNames[name] {
			parts[i] = hidden(part)
			continue
		}
		parts[i] = name + "=" + hidden(v)
	}
	return strings.Join(parts, "; ")
}

func (r *redactor) setCookie(value string) string {
	parts := strings.Split(value, ";")
	parts[0] = r.cookies(parts[0])
	for i, part := range parts[1:] {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch strings.ToLower(name) {
		case "httponly", "secure":
			parts[i+1] = name
		case "max-age", "samesite", "expires":
			parts[i+1] = name + "=" + plain(v)
		case "path":
			parts[i+1] = name + "=" + r.url(v)
		default:
			parts[i+1] = hidden(part)
		}
	}
	return strings.Join(parts, "; ")
}

// body returns a body: JSON and forms with their members redacted, any other body as its size.
func (r *redactor) body(body []byte, form bool) string {
	if form {
		return r.pairs(string(body))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil || d.More() {
		return hidden(string(body))
	}
	if _, ok := value.(string); ok {
		return hidden(string(body))
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r.value("", value, 0)); err != nil {
		return hidden(string(body))
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// value redacts the value of a member. Members of an object are redacted by their own names, and
// elements of an array by the name of the array.
func (r *redactor) value(member string, value any, depth int) any {
	if depth > 32 {
		return "[redacted: too deep]"
	}
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			switch shown := shownMembers[name] || urlMembers[name] || knownMembers[name]; {
			case shown:
				out[name] = r.value(name, inner, depth+1)
			case member == "headers" || member == "environment":
				r.entry(out, name, inner)
			default:
				out[hidden(name)] = r.value("", inner, depth+1)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = r.value(member, inner, depth+1)
		}
		return out
	case string:
		if urlMembers[member] {
			return r.url(v)
		}
		if shownMembers[member] {
			return v
		}
		return hidden(v)
	case json.Number:
		if shownMembers[member] || member == "code" {
			return v
		}
		return hidden(v.String())
	}
	return value // true, false, null
}

// entry adds a header or an environment variable from a report of the probe to out.
func (r *redactor) entry(out map[string]any, name string, value any) {
	if !nameForm.MatchString(name) {
		name = hidden(name)
	}
	show := func(value any) any {
		text, ok := value.(string)
		switch {
		case !ok:
			return r.value("", value, 0)
		case digestForm.MatchString(text):
			return text
		}
		return r.header(name, text)
	}
	if list, ok := value.([]any); ok {
		shown := make([]any, len(list))
		for i, v := range list {
			shown[i] = show(v)
		}
		out[name] = shown
		return
	}
	out[name] = show(value)
}

// reason returns a reason phrase if it is the standard one, and hides any other.
func reason(status int, phrase string) string {
	if phrase == "" || phrase == http.StatusText(status) {
		return phrase
	}
	return hidden(phrase)
}
