package transcript

import (
	"bytes"
	"encoding/json"
	"net/url"
	"sort"
	"strings"
)

// collect collects the values in secret places of an exchange. A server may repeat them elsewhere,
// for example in an error message.
func (r *redactor) collect(x *Exchange) {
	r.collectURL(x.URL)
	for _, head := range [][]byte{x.RequestHead, x.ResponseHead, x.ResponseTrailer} {
		for line := range bytes.SplitSeq(head, []byte("\n")) {
			name, value, ok := strings.Cut(string(line), ":")
			if ok {
				r.collectHeader(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
			} else if parts := strings.Fields(name); len(parts) == 3 {
				r.collectURL(parts[1])
			}
		}
	}
	for _, body := range [][]byte{x.RequestBody, x.ResponseBody} {
		r.collectBody(body)
	}
}

func (r *redactor) collectHeader(name, value string) {
	switch {
	case name == "cookie":
		for pair := range strings.SplitSeq(value, ";") {
			r.collectCookie(pair)
		}
	case name == "set-cookie":
		pair, _, _ := strings.Cut(value, ";")
		r.collectCookie(pair)
	case hiddenHeaders[name]:
		r.secret(value)
		if _, rest, ok := strings.Cut(value, " "); ok {
			r.secret(strings.TrimSpace(rest))
		}
	case urlHeaders[name]:
		r.collectURL(value)
	}
}

func (r *redactor) collectCookie(pair string) {
	if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && !identityCookie(name) {
		r.secret(strings.Trim(value, `"`))
	}
}

func (r *redactor) collectURL(text string) {
	_, rest := originOf(text)
	rest, fragment, _ := strings.Cut(rest, "#")
	_, query, _ := strings.Cut(rest, "?")
	r.collectPairs(query, 0)
	r.collectPairs(fragment, 0)
}

func (r *redactor) collectPairs(text string, depth int) {
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		value, err := url.QueryUnescape(value)
		switch {
		case err != nil:
		case secretMember(name):
			r.secret(value)
		case urlMembers[name] && depth < 3: // the value is a URL with a query of its own
			_, query, _ := strings.Cut(value, "?")
			r.collectPairs(query, depth+1)
		}
	}
}

func (r *redactor) collectBody(body []byte) {
	if len(body) == 0 {
		return
	}
	var value any
	if json.Unmarshal(body, &value) == nil {
		r.collectValue("", value, 0)
		return
	}
	if bytes.IndexByte(body, '=') > 0 && !bytes.ContainsAny(body, " \n<") {
		r.collectPairs(string(body), 0)
	}
}

func (r *redactor) collectValue(member string, value any, depth int) {
	if depth > 32 {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			r.collectValue(name, inner, depth+1)
		}
	case []any:
		for _, inner := range v {
			r.collectValue(member, inner, depth+1)
		}
	case string:
		if secretMember(member) && !digestForm.MatchString(v) {
			r.secret(v)
		} else if urlMembers[member] {
			r.collectURL(v)
		}
	}
}

func (r *redactor) secret(value string) {
	if len(value) < minSecret || r.names[value] || valueWords[value] || pathWords[value] {
		return
	}
	r.secrets[value] = true
}

// scrub hides the collected secrets in text that the allow-lists permit, including their escaped
// forms in JSON, Go and URLs.
func (r *redactor) scrub(text string) string {
	spellings := make(map[string]bool)
	for secret := range r.secrets {
		spellings[secret] = true
		spellings[url.QueryEscape(secret)] = true
		spellings[url.PathEscape(secret)] = true
		spellings[plain(secret)] = true
		if coded, err := json.Marshal(secret); err == nil {
			spellings[string(coded[1:len(coded)-1])] = true
		}
	}
	list := make([]string, 0, len(spellings))
	for s := range spellings {
		list = append(list, s)
	}
	// Replace the longest first: one secret may be a prefix of another.
	sort.Slice(list, func(i, j int) bool { return len(list[i]) > len(list[j]) })
	pairs := make([]string, 0, 2*len(list))
	for _, s := range list {
		pairs = append(pairs, s, "[redacted]")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
