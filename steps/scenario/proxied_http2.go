package scenario

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"countersign/steps/arrival"
	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// An HTTPVersion is a version of HTTP in the words of features.
type HTTPVersion string

// The versions of HTTP.
const (
	HTTP1 HTTPVersion = "HTTP/1.1"
	HTTP2 HTTPVersion = "HTTP/2"
)

// sendHTTP2 sends a request by HTTP/2. The scenario is inapplicable if the proxy does not speak it.
func (x *Proxied) sendHTTP2(ctx context.Context, client *driver.Persona, id string, q RawRequest) (*driver.Reply, error) {
	public := x.state.Instance.Subject.Public
	at := *public
	at.Host = cmp.Or(x.state.Instance.FrontHTTP2, public.Host)
	reply, err := client.HTTP2(ctx, &at, x.fieldsHTTP2(q, public, id))
	if errors.Is(err, driver.ErrNoHTTP2) {
		return nil, &verdict.Inapplicable{Reason: "the proxy does not speak HTTP/2 at its public address"}
	}
	return reply, err
}

// fieldsHTTP2 returns a request with an id field by field.
func (x *Proxied) fieldsHTTP2(q RawRequest, public *url.URL, id string) driver.HTTP2Request {
	fields := []driver.HeaderLine{
		{Name: ":method", Value: q.Method}, {Name: ":scheme", Value: public.Scheme},
		{Name: ":authority", Value: cmp.Or(q.Host, public.Host)}, {Name: ":path", Value: cmp.Or(q.Target, x.page("/page"))},
		{Name: strings.ToLower(arrival.HeaderID), Value: id},
	}
	for _, line := range q.Lines {
		fields = append(fields, fieldOf(line))
	}
	r := driver.HTTP2Request{Fields: fields, Body: q.Body}
	for _, line := range q.Trailer {
		r.Trailer = append(r.Trailer, fieldOf(line))
	}
	return r
}

// fieldOf returns a header line as a field, whose name is in lower case (RFC 9113, 8.2).
func fieldOf(line string) driver.HeaderLine {
	name, value, _ := strings.Cut(line, ":")
	return driver.HeaderLine{Name: strings.ToLower(name), Value: strings.TrimSpace(value)}
}
