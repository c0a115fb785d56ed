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

// A Visit is what came of opening content. Report is nil unless the content
// itself has answered with a report of the probe's.
type Visit struct {
	Reply  *Reply
	Report *probe.Report
}

// request lines of a page's own call, which is no navigation.
var fetch = []HeaderLine{
	{"Accept", "application/json"}, {"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Site", "same-origin"},
}

// ContentPath is where an item is opened, below the public address.
func ContentPath(guid string) string { return "content/" + url.PathEscape(guid) + "/" }

// Visit makes a request to content that is no top-level navigation, so that it
// reaches the content even where a browser would be sent to log in. The
// content does the actions.
func (p *Persona) Visit(ctx context.Context, guid string, actions []probe.Action) (*Visit, error) {
	return p.VisitPath(ctx, ContentPath(guid), actions)
}

// VisitWith is [Persona.VisitActing] without actions.
func (p *Persona) VisitWith(ctx context.Context, guid string, lines ...HeaderLine) (*Visit, error) {
	return p.VisitActing(ctx, guid, nil, lines...)
}

// VisitActing is [Persona.Visit] while the client sends header lines as well.
func (p *Persona) VisitActing(ctx context.Context, guid string, actions []probe.Action, lines ...HeaderLine) (*Visit, error) {
	u, err := p.subject.at(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, actions, append(slices.Clone(fetch), lines...))
}

// VisitPath is [Persona.Visit] of a path below the public address.
func (p *Persona) VisitPath(ctx context.Context, path string, actions []probe.Action) (*Visit, error) {
	u, err := p.subject.at(path)
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, actions, fetch)
}

// VisitURL is [Persona.Visit] of a URL that the subject gave, a share link for
// instance. A redirect that stays below the item is followed, with the actions.
func (p *Persona) VisitURL(ctx context.Context, link string, actions []probe.Action) (*Visit, error) {
	u, err := url.Parse(link)
	if err != nil || origin(u) != origin(p.subject.Public) {
		return nil, &NoAnswer{Op: "open the link", BySubject: true, Err: described("the link does not lead to the subject")}
	}
	home := u.Path[:strings.LastIndexByte(u.Path, '/')+1]
	for hop := 0; ; hop++ {
		visit, err := p.visit(ctx, u, actions, fetch)
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

// Navigate opens an item as a browser does when somebody follows a link to it.
func (p *Persona) Navigate(ctx context.Context, guid string) (*Visit, error) {
	u, err := p.subject.at(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, nil, navigation)
}

// OpenFrame opens an item in a frame of the dashboard, as a browser does.
func (p *Persona) OpenFrame(ctx context.Context, guid string) (*Visit, error) {
	u, err := p.subject.at(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	return p.visit(ctx, u, nil, []HeaderLine{
		{"Accept", "text/html"}, {"Sec-Fetch-Dest", "iframe"}, {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Site", "same-origin"},
	})
}

// NavigateAndFollow is [Persona.Navigate], after which the browser goes on as [Persona.Follow] does. The visit is that of the last reply.
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

// SubmitForm submits a form of a page to an item, which fills the window with the answer. The page is one of the subject's, or
// of another site.
func (p *Persona) SubmitForm(ctx context.Context, guid string, foreign bool) (*Visit, error) {
	u, err := p.subject.at(ContentPath(guid))
	if err != nil {
		return nil, err
	}
	from, site := origin(p.subject.cookieURL(p.subject.Public)), "same-origin"
	if foreign {
		from, site = elsewhere, "cross-site"
	}
	reply, err := p.send(ctx, ask{
		method: http.MethodPost, url: u, forged: true, body: []byte(`{"actions":[]}`),
		lines: append(arriving(site), HeaderLine{"Content-Type", "text/plain"}, HeaderLine{"Origin", from}),
	})
	if err != nil {
		return nil, err
	}
	return p.visited(reply), nil
}

// elsewhere is the origin of another site.
const elsewhere = "https://elsewhere.example.com"

// visit asks for a report and gives the recorder what the content has sighted.
func (p *Persona) visit(ctx context.Context, u *url.URL, actions []probe.Action, lines []HeaderLine) (*Visit, error) {
	if len(actions) > 0 {
		script, err := json.Marshal(actions)
		if err != nil {
			return nil, fmt.Errorf("write actions: %w", err)
		}
		with := *u
		query := with.Query()
		query.Set("probe", base64.RawURLEncoding.EncodeToString(script))
		with.RawQuery = query.Encode()
		u = &with
	}
	reply, err := p.send(ctx, ask{method: http.MethodGet, url: u, lines: lines})
	if err != nil {
		return nil, err
	}
	return p.visited(reply), nil
}

// visited returns the visit that ended with a reply.
func (p *Persona) visited(reply *Reply) *Visit {
	visit := &Visit{Reply: reply, Report: reportIn(reply)}
	if visit.Report != nil && p.recorder != nil {
		p.recorder.Report(reply.Exchange, visit.Report.Sightings)
	}
	return visit
}

// reportIn reads a report of this version of the probe, if the reply is one.
func reportIn(r *Reply) *probe.Report {
	var report probe.Report
	if !r.Is(2) || r.Decode(&report) != nil || report.Probe != probe.Version {
		return nil
	}
	return &report
}
