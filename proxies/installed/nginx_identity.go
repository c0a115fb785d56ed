package installed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A traced is what a value of the configuration comes from.
type traced struct {
	cookies []string
	reply   string // the header in the reply of the server that auth_request asks
	source  string // a description of another source, "" if there is none
}

// findIdentity finds the identity headers with the cookies, or the replies to auth_request, that they come
// from.
func (r *nginxReader) findIdentity() error {
	seen := map[*directive]bool{}
	for _, t := range r.routes {
		for _, pass := range t.passes {
			for _, h := range headersAt(pass, r.level()) {
				from := r.trace(h.arg(1), 0)
				name := h.arg(0)
				if len(from.cookies)+len(from.reply) > 0 && !strings.EqualFold(name, "Cookie") {
					t.score += 4
				}
				if seen[h] || strings.EqualFold(name, "Cookie") {
					continue
				}
				seen[h] = true
				switch {
				case len(from.cookies) > 0:
					r.addIdentity(Identity{Header: name, Cookies: from.cookies, Place: h.place()})
				case from.reply != "":
					r.addIdentity(Identity{Header: name, Reply: from.reply, Place: h.place()})
				case from.source != "":
					r.addUntraced(h.place(), name, from.source)
				}
			}
		}
	}
	r.findChecks()
	return nil
}

// findChecks finds the locations that auth_request asks.
func (r *nginxReader) findChecks() {
	paths := map[string]bool{}
	walk(r.server.block, func(d *directive) {
		if d.name() == "auth_request" && d.arg(0) != "off" {
			paths[d.arg(0)] = true
		}
	})
	for _, t := range r.routes {
		for _, d := range t.passes {
			if at := d.location(); at != nil && paths[at.path()] {
				r.checks = append(r.checks, d)
			}
		}
	}
}

var variables = regexp.MustCompile(`\$\{?([A-Za-z0-9_]+)\}?`)

// otherSources are variables with identities that the suite cannot provide.
var otherSources = regexp.MustCompile(`^(remote_user|ssl_client_|upstream_|jwt_|auth_|http_)`)

// trace returns what a value comes from.
func (r *nginxReader) trace(value string, depth int) traced {
	var all traced
	if depth > 10 {
		return all
	}
	for _, found := range variables.FindAllStringSubmatch(value, -1) {
		name := found[1]
		if cookie, ok := strings.CutPrefix(name, "cookie_"); ok {
			all.cookies = append(all.cookies, cookie)
			continue
		}
		if otherSources.MatchString(name) && name != "http_cookie" && name != "http_upgrade" {
			all.source = "$" + name
		}
		own := r.traceVariable(name, depth+1)
		all.reply, all.source = orName(all.reply, own.reply), orName(own.source, all.source)
		for _, c := range own.cookies {
			if !slices.Contains(all.cookies, c) {
				all.cookies = append(all.cookies, c)
			}
		}
	}
	return all
}

func (r *nginxReader) traceVariable(name string, depth int) traced {
	var from traced
	walk(r.level(), func(d *directive) {
		if len(from.cookies)+len(from.reply) > 0 {
			return
		}
		isSet := d.name() == "set" && d.arg(0) == "$"+name
		switch {
		case d.name() == "map" && d.isBlock && d.arg(1) == "$"+name:
			from = r.traceMap(d, depth)
		case isSet && d.parent != nil && d.parent.name() == "if" && strings.Contains(d.parent.text(), "$http_cookie"):
			if cookie := cookieIn(strings.Join(d.parent.args(), " ")); cookie != "" {
				from.cookies = []string{cookie}
			}
		case isSet:
			from = r.trace(d.arg(1), depth)
		case d.name() == "auth_request_set" && d.arg(0) == "$"+name:
			if header, ok := strings.CutPrefix(d.arg(1), "$upstream_http_"); ok {
				from.reply = strings.ReplaceAll(header, "_", "-")
				return
			}
			from.source = fmt.Sprintf("%s (%s)", d.text(), d.place())
		}
	})
	return from
}

// traceMap returns what the values of a map come from.
func (r *nginxReader) traceMap(m *directive, depth int) traced {
	var all traced
	fromCookies := strings.Contains(m.arg(0), "$http_cookie")
	for _, d := range m.block {
		if fromCookies {
			if cookie := cookieIn(d.name()); cookie != "" && strings.Contains(d.arg(0), "$") && !slices.Contains(all.cookies, cookie) {
				all.cookies = append(all.cookies, cookie)
			}
			continue
		}
		own := r.trace(d.arg(0), depth)
		all.cookies = append(all.cookies, own.cookies...)
		all.reply, all.source = orName(all.reply, own.reply), orName(all.source, own.source)
		if strings.HasPrefix(m.arg(0), "$cookie_") && len(own.cookies) == 0 && strings.Contains(d.arg(0), "$") {
			all.cookies = append(all.cookies, strings.TrimPrefix(m.arg(0), "$cookie_"))
		}
	}
	return all
}
