package steps

import (
	"context"
	"net/http"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// saySignIn: signing in through the proxy, and what the server does with headers
// that no honest proxy sends. A refusal is held against an attempt that was
// granted in the same scenario and differs in one named thing.
var saySignIn = []sentence{
	{`{who} has signed in`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err == nil {
			w.attempts.granted = p.signedIn
		}
		return err
	}},
	{`{who} signs in{again}`, func(w *World, ctx context.Context, a []string) error { return w.signIn(ctx, a[0]) }},
	{`{who} signs in{again} with a second {header} header{spelled} for {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.signInTwice(ctx, a[0], a[1], a[2], a[3])
	}},
	{`{who} goes on with a second {header} header for {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.goesOnTwice(ctx, a[0], a[1], a[2])
	}},
	{`{who} signs in{again} with a {header} that is {words}`, func(w *World, ctx context.Context, a []string) error {
		return w.signInMalformed(ctx, a[0], a[1], a[2])
	}},
	{`{who} signs in{again} with a group that is {words}`, func(w *World, ctx context.Context, a []string) error {
		return w.signInWithMalformedGroup(ctx, a[0], a[1])
	}},
	{`{who} signs in again with the username header spelled {value}`, func(w *World, ctx context.Context, a []string) error {
		again := w.stranger(a[0])
		return w.attempt(again.SendRaw(ctx, driver.HeaderLine{Name: a[1], Value: again.Identity.Username}))
	}},
	{`the {attempt} is refused{how}`, func(w *World, ctx context.Context, a []string) error {
		switch a[0] {
		case " or asked to log in":
			return w.isTurnedAway()
		case " with an error of the API":
			return w.isAPIError()
		case " or shows nothing":
			return w.isRefusedOrEmpty()
		case " without a redirect to a login page":
			return w.isKeptHere(ctx)
		}
		return w.isRefused()
	}},
	{`the refusal repeats neither the name of the header nor a value`, func(w *World, ctx context.Context, _ []string) error {
		return w.refusalIsGeneric()
	}},
	{`the refusal gives no cookie of a session`, func(w *World, ctx context.Context, _ []string) error {
		return w.refusalGivesNoSession()
	}},
	{`a following request without identity headers{fresh} is anonymous`, func(w *World, ctx context.Context, a []string) error {
		ask := w.attempts.persona.Anonymous
		if a[0] != "" {
			ask = w.stranger("anybody").Persona.WithoutIdentity().Whoami
		}
		reply, err := ask(ctx)
		if err == nil && reply.Is(2) && (reply.Text("guid") != "" || reply.Text("username") != "") {
			return fail("an answer as to somebody who is not signed in", "%s", reply.Summary())
		}
		return err
	}},
	{`{somebody} {enters}{again} with the username {value}`, func(w *World, ctx context.Context, a []string) error {
		p := w.stranger("somebody")
		p.Identity.Username = a[0]
		w.attempts.persona = p
		return w.tries("signing in as "+a[0], a[0])(p.SignIn(ctx))
	}},
	{`the {attempt} is granted{granted}`, func(w *World, ctx context.Context, a []string) error {
		reply := w.attempts.tried
		switch {
		case a[0] != "" && (!reply.Is(2) || reply.Text("username") != a[0]):
			return fail("a sign-in as "+a[0], "%s", reply.Summary())
		case !reply.Is(2):
			return fail("a reply that grants what was asked for (2xx)", "%s", reply.Summary())
		}
		return nil
	}},
}

// attempts are two requests of a scenario that differ in one thing: the first
// was granted, the second is tried.
type attempts struct {
	granted *driver.Reply
	tried   *driver.Reply
	all     []*driver.Reply // that were tried
	persona *persona
	item    *item    // that was visited, nil for a call of the API
	secrets []string // names and values that a generic refusal does not repeat
	token   bool     // content was handed a token
}

// attempt notes the reply of what was tried.
func (w *World) attempt(reply *driver.Reply, err error) error {
	w.attempts.tried = reply
	w.attempts.all = append(w.attempts.all, reply)
	return err
}

func (w *World) attemptBy(p *persona) func(*driver.Reply, error) error {
	w.attempts.persona = p
	return w.attempt
}

// wasGranted says whether a reply is what somebody asked for: a success, or a
// WebSocket.
func wasGranted(reply *driver.Reply) bool {
	return reply != nil && (reply.Is(2) || reply.Status == http.StatusSwitchingProtocols)
}

// isRefused compares the attempt with its granted twin. Without one nothing is
// known: a server that answers 401 to everything refuses nobody in particular.
func (w *World) isRefused() error {
	a := w.attempts
	if !wasGranted(a.granted) {
		return &verdict.Block{Reason: "nothing was granted that the refusal could be compared with", BySubject: true}
	}
	if a.tried == nil {
		return &verdict.Trouble{Op: "nothing was tried"}
	}
	if !a.tried.Refuses() {
		return fail("a refusal (4xx or 501), since "+a.granted.Summary()+" was granted without it", "%s", a.tried.Summary())
	}
	return nil
}

// isRefusedOrEmpty accepts a listing that is refused, and one that was not empty before
// and holds nothing now.
func (w *World) isRefusedOrEmpty() error {
	if n, listed := w.attempts.tried.Entries(); !listed || n > 0 {
		return w.isRefused()
	}
	if n, _ := w.attempts.granted.Entries(); n == 0 {
		return &verdict.Block{Reason: "nothing was listed before, so nothing follows from an empty list", BySubject: true}
	}
	return nil
}

// isKeptHere wants a visitor who is not signed in to be shown nothing and to be sent
// nowhere but to pages of the server itself.
func (w *World) isKeptHere(ctx context.Context) error {
	if err := w.isTurnedAway(); err != nil {
		return err
	}
	chain, err := w.stranger("anybody").Persona.WithoutIdentity().Follow(ctx, w.attempts.tried)
	if err != nil {
		return err
	}
	if last := chain[len(chain)-1]; last.Is(3) {
		return fail("no redirect away from the server", "%s", last.Summary())
	}
	return nil
}

// signIn signs somebody in from a browser that has not been used, as the proxy
// knows them now.
func (w *World) signIn(ctx context.Context, short string) error {
	p := w.stranger(short)
	return w.enter(p)(p.SignIn(ctx))
}

// enter notes what came of a sign-in from a new browser.
func (w *World) enter(p *persona) func(*driver.Reply, error) error {
	return func(reply *driver.Reply, err error) error {
		if err := w.attemptBy(p)(reply, err); err != nil {
			return err
		}
		known := w.personas[p.short]
		if known == nil {
			known = p
			w.personas[p.short] = p
		}
		if !reply.Is(2) {
			known.refused = reply
			return nil
		}
		known.Persona = p.Persona
		known.entered(reply)
		if w.attempts.granted == nil && p.isIn(reply) {
			w.attempts.granted = reply
		}
		return nil
	}
}

// signInTwice signs in with a second line of an identity header beside the one
// that the proxy sends.
func (w *World) signInTwice(ctx context.Context, who, header, spelling, other string) error {
	p := w.stranger(who)
	line := w.lineFor(header, w.identity(other))
	w.attempts.secrets = []string{line.Name, line.Value, p.Identity.Username}
	if spelling != "" {
		line.Name = spelling
	}
	return w.attemptBy(p)(p.SignInWith(ctx, line))
}

// goesOnTwice makes a request in the session of somebody, with a second line of an
// identity header beside the one that the proxy sends.
func (w *World) goesOnTwice(ctx context.Context, who, header, other string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	return w.attemptBy(p)(p.Call(ctx, http.MethodGet, "__api__/v1/user", nil, w.lineFor(header, w.identity(other))))
}

// lineFor is the header line that carries one attribute of an identity.
func (w *World) lineFor(attribute string, i driver.Identity) driver.HeaderLine {
	names := w.instance.Configuration.Headers
	switch attribute {
	case "username":
		return driver.HeaderLine{Name: names.Username, Value: i.Username}
	case "unique id":
		return driver.HeaderLine{Name: names.UniqueID, Value: i.UniqueID}
	case "first name":
		return driver.HeaderLine{Name: names.FirstName, Value: i.FirstName}
	case "last name":
		return driver.HeaderLine{Name: names.LastName, Value: i.LastName}
	case "email":
		return driver.HeaderLine{Name: names.Email, Value: i.Email}
	}
	return driver.HeaderLine{Name: names.Role, Value: i.Role}
}

// malformed are values that no honest proxy sends, made from a good one.
var malformed = map[string]func(good string) string{
	"joined to another by a comma":     func(good string) string { return good + ", mallory" },
	"joined to another by a semicolon": func(good string) string { return good + ";mallory" },
	"empty":                            func(string) string { return "" },
	"blank":                            func(string) string { return "   " },
	"broken by a control character":    func(good string) string { return good + "\x01" },
	"broken by a tab":                  func(good string) string { return good + "\tx" },
	"broken by a control character of two octets": func(good string) string { return good + "\u0085x" },
	"cut off inside a character":                  func(good string) string { return good + "\xc3" },
	"longer than 4000 octets":                     func(good string) string { return good + strings.Repeat("x", 4000) },
	"a word for no value":                         func(string) string { return "(null)" },
	"a variable that was not replaced":            func(string) string { return "%{REMOTE_USER}e" },
}

func (w *World) signInMalformed(ctx context.Context, who, header, kind string) error {
	if octets, ok := strange[kind]; ok {
		return w.signInStrangely(ctx, who, header, octets)
	}
	make, ok := malformed[kind]
	if !ok {
		return &verdict.Trouble{Op: "no " + header + " is known that is " + kind}
	}
	p := w.stranger(who)
	line := w.lineFor(header, p.Identity)
	line.Value = make(line.Value)
	return w.enter(p)(p.SendInstead(ctx, line.Name, line))
}

// signInWithMalformedGroup signs in with one more line of the groups header than the proxy sends.
func (w *World) signInWithMalformedGroup(ctx context.Context, who, kind string) error {
	make, ok := malformed[kind]
	if !ok {
		return &verdict.Trouble{Op: "no group is known that is " + kind}
	}
	p := w.stranger(who)
	line := driver.HeaderLine{Name: p.Headers.Groups, Value: make(w.group("strange"))}
	return w.enter(p)(p.SendInstead(ctx, "", line))
}

// strange are requests in which an identity does not come as proxies send it.
var strange = map[string]string{
	"sent in a trailer": "GET {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nTrailer: {name}\r\nConnection: close\r\n\r\n" +
		"0\r\n{name}: {value}\r\n\r\n",
	"sent to trace it": "TRACE {path} HTTP/1.1\r\nHost: {host}\r\n{name}: {value}\r\nConnection: close\r\n\r\n",
}

func (w *World) signInStrangely(ctx context.Context, who, header, octets string) error {
	p := w.stranger(who)
	line := w.lineFor(header, p.Identity)
	w.attempts.secrets = []string{line.Name, line.Value}
	method, _, _ := strings.Cut(octets, " ")
	octets = strings.NewReplacer("{path}", p.SignedPath("__api__/v1/user"), "{host}", w.instance.Listen,
		"{name}", line.Name, "{value}", line.Value).Replace(octets)
	return w.attemptBy(p)(p.Octets(ctx, method, []byte(octets)))
}

func (w *World) refusalIsGeneric() error {
	whole := strings.ToLower(w.attempts.tried.Everything())
	for _, secret := range w.attempts.secrets {
		if strings.Contains(whole, strings.ToLower(secret)) {
			return fail("a refusal that does not repeat "+secret, "%s", w.attempts.tried.Summary())
		}
	}
	return nil
}

// refusalGivesNoSession looks for the cookies that the granted sign-in was given. Where
// it was given none, any cookie may be that of a session.
func (w *World) refusalGivesNoSession() error {
	given := w.attempts.granted.SetCookies()
	for name, value := range w.attempts.tried.SetCookies() {
		if _, isSession := given[name]; (isSession || len(given) == 0) && value != "" {
			return fail("no cookie of a session", "the cookie %s", name)
		}
	}
	return nil
}
