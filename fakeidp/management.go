package fakeidp

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"

	"countersign/fakeidp/control"
)

// A manager implements the management API. Its handlers return a reply, or an error that [manager.handle] converts to
// a status.
type manager struct{ p *Provider }

// Management returns the handler of the second listener. It has no authentication and cannot be reached through the
// listener of the protocol; serve it on a loopback address. Bodies are JSON without unknown members.
func (p *Provider) Management() http.Handler {
	m := manager{p}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /issuers", m.handle(m.names))
	mux.HandleFunc("PUT /issuers/{issuer}", m.handle(m.create))
	mux.HandleFunc("GET /issuers/{issuer}", m.handle(m.show))
	mux.HandleFunc("DELETE /issuers/{issuer}", m.handle(m.remove))
	mux.HandleFunc("GET /issuers/{issuer}/journal", m.handle(m.journal))
	mux.HandleFunc("PUT /issuers/{issuer}/default-account", m.handle(m.setDefault))
	mux.HandleFunc("PUT /issuers/{issuer}/faults", m.handle(m.setFaults))
	mux.HandleFunc("GET /issuers/{issuer}/faults", m.handle(m.showFaults))
	mux.HandleFunc("DELETE /issuers/{issuer}/faults", m.handle(m.removeFaults))
	mux.HandleFunc("PUT /issuers/{issuer}/clients/{client}", m.handle(m.addClient))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}", m.handle(m.addAccount))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}/rows", m.handle(m.setRows))
	mux.HandleFunc("PUT /issuers/{issuer}/accounts/{account}/consent", m.handle(m.setConsent))
	mux.HandleFunc("DELETE /issuers/{issuer}/accounts/{account}/grants", m.handle(m.revokeGrants))
	bounded := http.MaxBytesHandler(mux, maxBody)
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
		if v == nil {
			reply{status: http.StatusNoContent}.write(w)
			return
		}
		rep, err := jsonReply(status, v)
		if err != nil {
			rep = reply{status: http.StatusInternalServerError}
		}
		rep.write(w)
	}
}

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

// findIssuer returns the issuer in the path.
func (m manager) findIssuer(r *http.Request) (*issuer, error) {
	if is := m.p.issuer(r.PathValue("issuer")); is != nil {
		return is, nil
	}
	return nil, &statusError{http.StatusNotFound, "no such issuer"}
}

// missing returns the error for a path with an account that does not exist.
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

func (m manager) show(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.describe(), nil
}

func (m manager) remove(r *http.Request) (int, any, error) {
	if !m.p.remove(r.PathValue("issuer")) {
		return 0, nil, &statusError{http.StatusNotFound, "no such issuer"}
	}
	return 0, nil, nil
}

func (m manager) journal(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.journal.read(), nil
}

func (m manager) setDefault(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var who control.Who
	if err := read(r, &who); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setDefault(who.Account))
}

func (m manager) setFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var list control.Faults
	if err := read(r, &list); err != nil {
		return 0, nil, err
	}
	if list.Faults == nil {
		return 0, nil, errors.New("faults: want a list; DELETE removes all faults")
	}
	return 0, nil, is.setFaults(list.Faults)
}

func (m manager) showFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.reportFaults(), nil
}

func (m manager) removeFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, is.setFaults(nil)
}

func (m manager) addClient(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var spec control.ClientSpec
	if err := errors.Join(read(r, &spec), checkName(&spec.ID, r.PathValue("client"))); err != nil {
		return 0, nil, err
	}
	made, err := is.addClient(spec)
	return http.StatusCreated, made, err
}

func (m manager) addAccount(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var a control.Account
	if err := errors.Join(read(r, &a), checkName(&a.Name, r.PathValue("account"))); err != nil {
		return 0, nil, err
	}
	return 0, nil, is.addAccount(a)
}

func (m manager) setRows(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var rows control.Rows
	if err := read(r, &rows); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.change(r.PathValue("account"), func(a *account) { a.rows = rows.Rows }))
}

func (m manager) setConsent(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var c control.Consent
	if err := read(r, &c); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setConsent(r.PathValue("account"), c))
}

func (m manager) revokeGrants(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	n, err := is.revokeAccount(r.PathValue("account"))
	return http.StatusOK, control.Revoked{Revoked: n}, missing(err)
}
