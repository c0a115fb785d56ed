package driver

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"countersign/steps/probe"
)

// A Visit is the result of a request to content. Report is nil unless the reply is a
// report of the probe.
type Visit struct {
	Reply  *Reply
	Report *probe.Report
}

// fetchHeaders are the header lines of a request that a script of a page makes. Such a
// request is not a navigation.
var fetchHeaders = []HeaderLine{
	{"Accept", "application/json"}, {"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Site", "same-origin"},
}

// ContentPath returns the path of a content item below the public address.
func ContentPath(guid string) string { return "content/" + url.PathEscape(guid) + "/" }

// Visit requests a content item without a top-level navigation, so that the request
// reaches the content even if the server redirects navigations to a login page. The
// content executes the actions.
func (p *Persona) Visit(ctx context.Context, guid string, actions []probe.Action) (*Visit, error) {
	return p.VisitPath(ctx, ContentPath(guid), actions)
}

// VisitWith is [Persona.VisitActing] without actions.
func (p *Persona) VisitWith(ctx context.Context, guid string, lines ...HeaderLine) (*Visit, error) {
	return p.VisitActing(ctx, guid, nil, lines...)
}

// VisitActing is like [Persona.Visit] and adds header lines to the request.
func (p *Persona) VisitActing(ctx context.Context, guid string, actions []probe.Action, lines ...HeaderLine) (*Visit, error) {
	u, err := p.subject.resolve(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, actions, append(slices.Clone(fetchHeaders), lines...))
}

// VisitPath is like [Persona.Visit] for a path below the public address.
func (p *Persona) VisitPath(ctx context.Context, path string, actions []probe.Action) (*Visit, error) {
	u, err := p.subject.resolve(path)
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, actions, fetchHeaders)
}

// VisitURL is like [Persona.Visit] for a URL from the server under test, for example a
// share link. It follows redirects to URLs below the item and sends the actions to them.
func (p *Persona) VisitURL(ctx context.Context, link string, actions []probe.Action) (*Visit, error) {
	u, err := url.Parse(link)
	if err != nil || origin(u) != origin(p.subject.Public) {
		return nil, &NoAnswer{Op: "open the link", BySubject: true, Err: publicError("the link does not lead to the subject")}
	}
	home := u.Path[:strings.LastIndexByte(u.Path, '/')+1]
	for hop := 0; ; hop++ {
		visit, err := p.visit(ctx, u, actions, fetchHeaders)
		if err != nil || hop == 3 || !visit.Reply.redirects() {
			return visit, err
		}
		next := visit.Reply.location()
		if origin(next) != origin(u) || !strings.HasPrefix(next.Path, home) {
			return visit, nil
		}
		u = next
	}
}

// Navigate opens a content item as a browser does when a user follows a link to it.
func (p *Persona) Navigate(ctx context.Context, guid string) (*Visit, error) {
	u, err := p.subject.resolve(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, nil, navigationHeaders)
}

// OpenFrame opens a content item as a browser does in a frame of the dashboard.
func (p *Persona) OpenFrame(ctx context.Context, guid string) (*Visit, error) {
	u, err := p.subject.resolve(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, nil, []HeaderLine{
		{"Accept", "text/html"}, {"Sec-Fetch-Dest", "iframe"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "same-origin"},
	})
}

// NavigateAndFollow opens a content item like [Persona.Navigate] and follows redirects like
// [Persona.Follow]. The visit holds the last reply.
func (p *Persona) NavigateAndFollow(ctx context.Context, guid string, also ...*url.URL) (*Visit, error) {
	visit, err := p.Navigate(ctx, guid)
	if err != nil {
		return nil, err
	}
	chain, err := p.Follow(ctx, visit.Reply, also...)
	if err != nil {
		return nil, err
	}
	return p.visited(chain[len(chain)-1]), nil
}

// SubmitForm requests a content item as a browser does when a user submits a form of a page.
// The page belongs to another site if foreign is true, else to the server under test.
func (p *Persona) SubmitForm(ctx context.Context, guid string, foreign bool) (*Visit, error) {
	u, err := p.subject.resolve(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	from, site := origin(p.subject.cookieURL(p.subject.Public)), "same-origin"
	if foreign {
		from, site = otherOrigin, "cross-site"
	}
	reply, err := p.send(ctx, requestSpec{
		method: http.MethodPost, url: u, withoutXSRF: true, body: []byte(`{"actions":[]}`),
		lines: append(navigationFrom(site), HeaderLine{"Content-Type", "text/plain"}, HeaderLine{"Origin", from}),
	})
	if err != nil {
		return nil, err
	}
	return p.visited(reply), nil
}

// otherOrigin is the origin of a site other than that of the server under test.
const otherOrigin = "https://elsewhere.example.com"

// visit requests u and passes the sightings of the content to the recorder.
func (p *Persona) visit(ctx context.Context, u *url.URL, actions []probe.Action, lines []HeaderLine) (*Visit, error) {
	if len(actions) > 0 {
		script, err := json.Marshal(actions)
		if err != nil {
			return nil, fmt.Errorf("encode actions: %w", err)
		}
		with := *u
		query := with.Query()
		query.Set("probe", base64.RawURLEncoding.EncodeToString(script))
		with.RawQuery = query.Encode()
		u = &with
	}
	reply, err := p.send(ctx, requestSpec{method: http.MethodGet, url: u, lines: lines})
	if err != nil {
		return nil, err
	}
	return p.visited(reply), nil
}

// visited returns the visit with a reply.
func (p *Persona) visited(reply *Reply) *Visit {
	visit := &Visit{Reply: reply, Report: reportIn(reply)}
	if visit.Report != nil && p.recorder != nil {
		p.recorder.Report(reply.Exchange, visit.Report.Sightings)
	}
	return visit
}

// reportIn returns the report of this version of the probe in a reply, or nil.
func reportIn(r *Reply) *probe.Report {
	var report probe.Report
	if !r.Is(2) || r.Decode(&report) != nil || report.Probe != probe.Version {
		return nil
	}
	return &report
}
