package fakeidp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"countersign/fakeidp/control"
)

// A manager implements the management API. Its handlers return a reply, or an error that [manager.handle] converts to
// a status.
type manager struct{ p *Provider }

// Management returns the handler of the second listener. It has no authentication and cannot be reached through the
// listener of the protocol; serve it on a loopback address. It refuses requests with a foreign Host or Origin header.
// Bodies are JSON without unknown members.
func (p *Provider) Management() http.Handler {
	m := manager{p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /issuers", m.handle(m.names))
	mux.HandleFunc("PUT /issuers/{issuer}", m.handle(m.create))
	mux.HandleFunc("GET /issuers/{issuer}", m.handleIssuer(m.show))
	mux.HandleFunc("DELETE /issuers/{issuer}", m.handle(m.remove))
	mux.HandleFunc("GET /issuers/{issuer}/journal", m.handleIssuer(m.journal))
	mux.HandleFunc("DELETE /issuers/{issuer}/journal", m.handleIssuer(m.clearJournal))
	mux.HandleFunc("PUT /issuers/{issuer}/default-account", m.handleIssuer(m.setDefault))
	mux.HandleFunc("PUT /issuers/{issuer}/faults", m.handleIssuer(m.setFaults))
	mux.HandleFunc("GET /issuers/{issuer}/faults", m.handleIssuer(m.showFaults))
	mux.HandleFunc("DELETE /issuers/{issuer}/faults", m.handleIssuer(m.removeFaults))
	mux.HandleFunc("PUT /issuers/{issuer}/clock", m.handleIssuer(m.setClock))
	mux.HandleFunc("GET /issuers/{issuer}/clock", m.handleIssuer(m.showClock))
	mux.HandleFunc("DELETE /issuers/{issuer}/clock", m.handleIssuer(m.releaseClock))
	mux.HandleFunc("POST /issuers/{issuer}/keys", m.handleIssuer(m.rotateKey))
	mux.HandleFunc("GET /issuers/{issuer}/keys", m.handleIssuer(m.showKeys))
	mux.HandleFunc("PUT /issuers/{issuer}/clients/{client}", m.handleIssuer(m.addClient))
	mux.HandleFunc("PUT /issuers/{issuer}/clients/{client}/lax", m.handleIssuer(m.setLax))
	mux.HandleFunc("GET /issuers/{issuer}/clients/{client}/lax", m.handleIssuer(m.showLax))
	mux.HandleFunc("DELETE /issuers/{issuer}/clients/{client}/lax", m.handleIssuer(m.removeLax))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}", m.handleIssuer(m.addAccount))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}/rows", m.handleIssuer(m.setRows))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}/consent", m.handleIssuer(m.setConsent))
	mux.HandleFunc("DELETE /issuers/{issuer}/accounts/{account}/grants", m.handleIssuer(m.revokeGrants))
	bounded := http.MaxBytesHandler(guard(mux), maxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBody(w, r)
		bounded.ServeHTTP(w, r)
	})
}

// A statusError is an error with its status. Its text is for the client.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

// handle writes the result of a handler. A nil value has status 204.
func (m manager) handle(do func(*http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, v, err := do(r)
		if err != nil {
			status, v = refusal(err), control.Failure{Message: err.Error()}
		}
		limitSending(w) // the handler may have waited for the journal
		if v == nil {
			reply{status: http.StatusNoContent}.write(w)
			return
		}
		writeJSON(w, status, v)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	rep, err := jsonReply(status, v)
	if err != nil {
		rep = reply{status: http.StatusInternalServerError}
	}
	rep.write(w)
}

// handleIssuer is like handle for a handler that needs the issuer in the path.
func (m manager) handleIssuer(do func(*issuer, *http.Request) (int, any, error)) http.HandlerFunc {
	return m.handle(func(r *http.Request) (int, any, error) {
		is := m.p.issuer(r.PathValue("issuer"))
		if is == nil {
			return 0, nil, errNoIssuer
		}
		return do(is, r)
	})
}

// errNoIssuer is the error for a path with an issuer that does not exist.
var errNoIssuer = &statusError{http.StatusNotFound, "no such issuer"}

// refusal returns the status of an error. An error without its own status means that the request is invalid.
func refusal(err error) int {
	var se *statusError
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &se):
		return se.status
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errExists):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

// read decodes the body.
func read(r *http.Request, v any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		// This also refuses forms of web pages.
		return &statusError{http.StatusUnsupportedMediaType, "the body must be application/json"}
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if string(bytes.TrimSpace(text)) == "null" { // it would decode without setting a member
		return errors.New("the body is null")
	}
	return control.Strict(text, v)
}

// missing returns the error for a path with an account or a client that does not exist.
func missing(err error) error {
	if errors.Is(err, errMissing) {
		return &statusError{http.StatusNotFound, err.Error()}
	}
	return err
}

// checkName requires that the name in a body, if it has one, equals the name in the path.
func checkName(inBody *string, inPath string) error {
	if *inBody != "" && *inBody != inPath {
		return errors.New("body and path name different things")
	}
	*inBody = inPath
	return nil
}

func (m manager) names(*http.Request) (int, any, error) {
	return http.StatusOK, control.Names{Issuers: m.p.names()}, nil
}

func (m manager) create(r *http.Request) (int, any, error) {
	var spec control.Issuer
	if err := errors.Join(read(r, &spec), checkName(&spec.Name, r.PathValue("issuer"))); err != nil {
		return 0, nil, err
	}
	is, made, err := m.p.newIssuer(spec)
	if err != nil {
		return 0, nil, &statusError{http.StatusBadRequest, err.Error()}
	}
	if !m.p.add(is) {
		return 0, nil, &statusError{http.StatusConflict, "the issuer exists already; delete it first"}
	}
	return http.StatusCreated, made, nil
}

func (manager) show(is *issuer, _ *http.Request) (int, any, error) {
	return http.StatusOK, is.describe(), nil
}

func (m manager) remove(r *http.Request) (int, any, error) {
	if !m.p.remove(r.PathValue("issuer")) {
		return 0, nil, errNoIssuer
	}
	return 0, nil, nil
}

// maxWait bounds the time for which a request waits for the journal.
const maxWait = 30 * time.Second

func (manager) journal(is *issuer, r *http.Request) (int, any, error) {
	after, wait, err := journalQuery(r.URL.RawQuery)
	if err != nil {
		return 0, nil, err
	}
	j, grown := is.journal.read(after)
	if grown != nil && wait > 0 && !pause(r, wait, grown) {
		j, _ = is.journal.read(after)
	}
	return http.StatusOK, j, nil
}

// journalQuery parses the query of a request for the journal: the number after which entries are returned, and the
// number of seconds to wait for one.
func journalQuery(query string) (after int, wait time.Duration, err error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return 0, 0, fmt.Errorf("the query: %w", err)
	}
	for name, vs := range values {
		n, err := strconv.ParseUint(vs[0], 10, 31)
		switch {
		case name == "after" && len(vs) == 1 && err == nil:
			after = int(n)
		case name == "wait" && len(vs) == 1 && err == nil && n <= uint64(maxWait/time.Second):
			wait = time.Duration(n) * time.Second
		case name == "after" || name == "wait":
			return 0, 0, fmt.Errorf("%s: %q: want one whole number; wait is 0 to 30 seconds", name, vs)
		default:
			return 0, 0, fmt.Errorf("unknown parameter %q; the known parameters are after, wait", name)
		}
	}
	return after, wait, nil
}

func (manager) clearJournal(is *issuer, _ *http.Request) (int, any, error) {
	is.journal.clear()
	return 0, nil, nil
}

func (manager) setDefault(is *issuer, r *http.Request) (int, any, error) {
	var who control.Who
	if err := read(r, &who); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setDefault(who.Account))
}

func (manager) addClient(is *issuer, r *http.Request) (int, any, error) {
	var spec control.ClientSpec
	if err := errors.Join(read(r, &spec), checkName(&spec.ID, r.PathValue("client"))); err != nil {
		return 0, nil, err
	}
	made, err := is.addClient(spec)
	return http.StatusCreated, made, err
}

func (manager) addAccount(is *issuer, r *http.Request) (int, any, error) {
	var a control.Account
	if err := errors.Join(read(r, &a), checkName(&a.Name, r.PathValue("account"))); err != nil {
		return 0, nil, err
	}
	return 0, nil, is.addAccount(a)
}

func (manager) setRows(is *issuer, r *http.Request) (int, any, error) {
	var rows control.Rows
	if err := read(r, &rows); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.change(r.PathValue("account"), func(a *account) { a.rows = rows.Rows }))
}

func (manager) setConsent(is *issuer, r *http.Request) (int, any, error) {
	var c control.Consent
	if err := read(r, &c); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setConsent(r.PathValue("account"), c))
}

func (manager) revokeGrants(is *issuer, r *http.Request) (int, any, error) {
	n, err := is.revokeAccount(r.PathValue("account"))
	return http.StatusOK, control.Revoked{Revoked: n}, missing(err)
}
