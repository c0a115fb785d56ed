package fakeidp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// A reply is a response that has not been sent yet.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// setHeader sets the header fields of the reply. Caches may not store it: RFC 6749, section 5.1, requires this for
// tokens, and tests need the present state of other replies.
func (rep reply) setHeader(h http.Header) {
	for name, values := range rep.header {
		h[name] = values
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Referrer-Policy", "no-referrer") // RFC 9700, section 4.2.4
	h.Set("X-Content-Type-Options", "nosniff")
}

// write sends the reply.
func (rep reply) write(w http.ResponseWriter) {
	rep.setHeader(w.Header())
	w.WriteHeader(rep.status)
	_, _ = w.Write(rep.body) // the client may have disconnected
}

// The media types of replies and of forms.
const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func jsonReply(status int, v any) (reply, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return reply{}, fmt.Errorf("encode reply: %w", err)
	}
	return reply{
		status: status,
		header: http.Header{"Content-Type": {jsonType}},
		body:   append(body, '\n'),
	}, nil
}

// redirect redirects the browser with 303, so that it does not repeat a form posted to the provider (RFC 9700,
// section 4.12).
func redirect(to string) reply {
	return reply{status: http.StatusSeeOther, header: http.Header{"Location": {to}}}
}

// problemReply returns the error reply of RFC 6749, section 5.2.
func problemReply(p *problem) reply {
	rep, err := jsonReply(p.status, map[string]string{"error": p.code, "error_description": p.description})
	if err != nil {
		return reply{status: http.StatusInternalServerError}
	}
	for name, values := range p.header {
		rep.header[name] = values
	}
	return rep
}

func refuseJSON(_ *exchange, p *problem) reply { return problemReply(p) }

// refuseBearer adds the challenge of RFC 6750, section 3.
func refuseBearer(ex *exchange, p *problem) reply {
	rep := problemReply(p)
	challenge := `Bearer realm="` + ex.is.name + `"`
	if !p.bare {
		challenge += fmt.Sprintf(`, error=%q, error_description=%q`, p.code, p.description)
	}
	if p.code == "insufficient_scope" {
		challenge += `, scope="openid"`
	}
	if p.status == http.StatusUnauthorized || p.code == "insufficient_scope" || p.code == "invalid_request" {
		rep.header.Set("WWW-Authenticate", challenge)
	}
	return rep
}

// refuseBrowser redirects with the error if client and redirect URI are valid. Otherwise it shows the error to the
// user, because an open redirector is worse than an unhelpful error (RFC 6749, section 4.1.2.1).
func refuseBrowser(ex *exchange, p *problem) reply {
	if ex.back != nil {
		return redirect(ex.back.answer(ex.iss, url.Values{"error": {p.code}, "error_description": {p.description}}))
	}
	rep, err := page(p.status, "refusal", map[string]any{"Title": "Request refused", "Code": p.code, "Description": p.description})
	if err != nil {
		return reply{status: http.StatusInternalServerError}
	}
	for name, values := range p.header {
		rep.header[name] = values
	}
	return rep
}
