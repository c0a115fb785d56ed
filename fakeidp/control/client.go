package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxReply bounds the size of a reply. A full journal of the default size has about eight megabytes.
const maxReply = 16 << 20

// A Client is a client of the management listener of a provider. If HTTP is nil, it uses a client with a timeout of
// ten seconds. A Client is safe for concurrent use and may be copied.
type Client struct {
	Base string // http://127.0.0.2:20002
	HTTP *http.Client
}

var defaultHTTP = &http.Client{Timeout: 10 * time.Second}

// An Error is an error reply of the management API.
type Error struct {
	Op      string
	Status  int
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.Op, e.Status, e.Message)
}

// A TruncatedError reports that a journal is incomplete, so that a missing entry proves nothing.
type TruncatedError struct {
	Issuer  string
	Dropped int
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("journal of issuer %q lost its oldest %d entries", e.Issuer, e.Dropped)
}

// CreateIssuer creates an issuer and returns it as registered, with defaults and secrets. If the name is taken, the
// error is an [Error] with status 409.
func (c Client) CreateIssuer(ctx context.Context, is Issuer) (Issuer, error) {
	var made Issuer
	err := c.call(ctx, http.MethodPut, is, &made, "issuers", is.Name)
	return made, err
}

// Issuer returns the present state of an issuer without the secrets of its clients.
func (c Client) Issuer(ctx context.Context, name string) (Issuer, error) {
	var is Issuer
	err := c.call(ctx, http.MethodGet, nil, &is, "issuers", name)
	return is, err
}

// Issuers returns the names of all issuers in order.
func (c Client) Issuers(ctx context.Context) ([]string, error) {
	var names Names
	err := c.call(ctx, http.MethodGet, nil, &names, "issuers")
	return names.Issuers, err
}

// DeleteIssuer removes an issuer with its tokens and its journal.
func (c Client) DeleteIssuer(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, "issuers", name)
}

// AddClient registers a client and returns it with its secret.
func (c Client) AddClient(ctx context.Context, issuer string, spec ClientSpec) (ClientSpec, error) {
	var made ClientSpec
	err := c.call(ctx, http.MethodPut, spec, &made, "issuers", issuer, "clients", spec.ID)
	return made, err
}

// AddAccount creates an account.
func (c Client) AddAccount(ctx context.Context, issuer string, a Account) error {
	return c.call(ctx, http.MethodPut, a, nil, "issuers", issuer, "accounts", a.Name)
}

// SetDefaultAccount sets the account of browsers without a session. If it is empty, the authorization endpoint shows
// a page.
func (c Client) SetDefaultAccount(ctx context.Context, issuer, account string) error {
	return c.call(ctx, http.MethodPut, Who{Account: account}, nil, "issuers", issuer, "default-account")
}

// SetConsent scripts the reply of an account to authorization requests.
func (c Client) SetConsent(ctx context.Context, issuer, account string, consent Consent) error {
	return c.call(ctx, http.MethodPut, consent, nil, "issuers", issuer, "accounts", account, "consent")
}

// SetFaults replaces the faults of an issuer and restarts their counts. No faults means that it behaves well again.
func (c Client) SetFaults(ctx context.Context, issuer string, faults ...Fault) error {
	if len(faults) == 0 {
		return c.call(ctx, http.MethodDelete, nil, nil, "issuers", issuer, "faults")
	}
	return c.call(ctx, http.MethodPut, Faults{Faults: faults}, nil, "issuers", issuer, "faults")
}

// Faults returns the faults of an issuer with their counts.
func (c Client) Faults(ctx context.Context, issuer string) ([]FaultReport, error) {
	var reports FaultReports
	err := c.call(ctx, http.MethodGet, nil, &reports, "issuers", issuer, "faults")
	return reports.Faults, err
}

// Grant replaces the rows that /resource returns for an account. Without rows the account is refused.
func (c Client) Grant(ctx context.Context, issuer, account string, rows []string) error {
	if rows == nil {
		rows = []string{}
	}
	return c.call(ctx, http.MethodPut, Rows{Rows: rows}, nil, "issuers", issuer, "accounts", account, "rows")
}

// RevokeGrants revokes all grants of an account, like a user who removes an application from their account: codes,
// access tokens and refresh tokens become invalid. It returns the number of revoked grants.
func (c Client) RevokeGrants(ctx context.Context, issuer, account string) (int, error) {
	var done Revoked
	err := c.call(ctx, http.MethodDelete, nil, &done, "issuers", issuer, "accounts", account, "grants")
	return done.Revoked, err
}

// Journal returns the entries of an issuer, oldest first. If entries were dropped, it returns the remaining ones with
// a [*TruncatedError].
func (c Client) Journal(ctx context.Context, issuer string) ([]Entry, error) {
	var j Journal
	if err := c.call(ctx, http.MethodGet, nil, &j, "issuers", issuer, "journal"); err != nil {
		return nil, err
	}
	if j.Dropped > 0 {
		return j.Entries, &TruncatedError{Issuer: issuer, Dropped: j.Dropped}
	}
	return j.Entries, nil
}

// call sends one request and decodes its reply into out, if out is not nil.
func (c Client) call(ctx context.Context, method string, in, out any, path ...string) error {
	for i, segment := range path {
		path[i] = url.PathEscape(segment)
	}
	where := "/" + strings.Join(path, "/")
	op := "provider: " + method + " " + where
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+where, body)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := c.HTTP
	if client == nil {
		client = defaultHTTP
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	defer resp.Body.Close()
	return decode(op, resp, out)
}

// decode reads the whole reply, so that the connection can be reused.
func decode(op string, resp *http.Response, out any) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if len(text) > maxReply {
		return fmt.Errorf("%s: the reply is longer than %d bytes", op, maxReply)
	}
	if resp.StatusCode/100 != 2 {
		var f Failure
		if json.Unmarshal(text, &f) != nil || f.Message == "" {
			f.Message = strings.TrimSpace(string(text[:min(len(text), 200)]))
		}
		return &Error{Op: op, Status: resp.StatusCode, Message: f.Message}
	}
	if out == nil {
		return nil
	}
	if err := Strict(text, out); err != nil {
		return fmt.Errorf("%s: the reply: %w", op, err)
	}
	return nil
}
