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
// ten seconds, and the time for which it waits for the journal. A Client is safe for concurrent use and may be copied.
type Client struct {
	Base string // http://127.0.0.2:20002
	HTTP *http.Client
}

const defaultTimeout = 10 * time.Second

var defaultHTTP = &http.Client{Timeout: defaultTimeout}

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

// SetClock sets the clock of an issuer and returns it. The zero setting is the clock of the provider.
func (c Client) SetClock(ctx context.Context, issuer string, setting ClockSetting) (Clock, error) {
	var clock Clock
	err := c.call(ctx, http.MethodPut, setting, &clock, "issuers", issuer, "clock")
	return clock, err
}

// Clock returns the clock of an issuer.
func (c Client) Clock(ctx context.Context, issuer string) (Clock, error) {
	var clock Clock
	err := c.call(ctx, http.MethodGet, nil, &clock, "issuers", issuer, "clock")
	return clock, err
}

// RotateKey makes a new signing key and returns the keys.
func (c Client) RotateKey(ctx context.Context, issuer string, rotation KeyRotation) (Keys, error) {
	var keys Keys
	err := c.call(ctx, http.MethodPost, rotation, &keys, "issuers", issuer, "keys")
	return keys, err
}

// Keys returns the signing keys of an issuer.
func (c Client) Keys(ctx context.Context, issuer string) (Keys, error) {
	var keys Keys
	err := c.call(ctx, http.MethodGet, nil, &keys, "issuers", issuer, "keys")
	return keys, err
}

// SetLax replaces what an issuer does not check for a client. The zero Lax makes the issuer strict again.
func (c Client) SetLax(ctx context.Context, issuer, client string, lax Lax) error {
	return c.call(ctx, http.MethodPut, lax, nil, "issuers", issuer, "clients", client, "lax")
}

// Lax returns what an issuer does not check for a client.
func (c Client) Lax(ctx context.Context, issuer, client string) (Lax, error) {
	var lax Lax
	err := c.call(ctx, http.MethodGet, nil, &lax, "issuers", issuer, "clients", client, "lax")
	return lax, err
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
	return c.JournalAfter(ctx, issuer, 0, 0)
}

// JournalAfter returns the entries of an issuer with numbers above after, oldest first. If there are none, it waits
// for one, at most 30 seconds, and returns an empty list if there is still none. The time is rounded up to seconds. If
// entries were dropped that it would have returned, it returns the remaining ones with a [*TruncatedError].
func (c Client) JournalAfter(ctx context.Context, issuer string, after int, wait time.Duration) ([]Entry, error) {
	var j Journal
	path := pathOf("issuers", issuer, "journal")
	if after > 0 || wait > 0 {
		path += fmt.Sprintf("?after=%d&wait=%d", after, (wait+time.Second-1)/time.Second)
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Timeout: defaultTimeout + wait}
	}
	if err := c.callPath(ctx, http.MethodGet, nil, &j, path); err != nil {
		return nil, err
	}
	if j.Dropped > 0 {
		return j.Entries, &TruncatedError{Issuer: issuer, Dropped: j.Dropped}
	}
	return j.Entries, nil
}

// awaitStep is the time for which one request of AwaitEntry waits, less than the timeout of the default client.
const awaitStep = 5 * time.Second

// AwaitEntry returns the first entry with a number above after that match accepts. It waits for the entry without
// polling. If ctx ends first, the error says how many entries match refused.
func (c Client) AwaitEntry(ctx context.Context, issuer string, after int, match func(Entry) bool) (Entry, error) {
	for refused := 0; ; {
		entries, err := c.JournalAfter(ctx, issuer, after, awaitStep)
		if ctx.Err() != nil {
			return Entry{}, fmt.Errorf("await an entry of issuer %q: %d entries do not match: %w", issuer, refused, context.Cause(ctx))
		}
		if err != nil {
			return Entry{}, err
		}
		for _, e := range entries {
			if match(e) {
				return e, nil
			}
			refused++
			after = e.Seq
		}
	}
}

// ClearJournal removes the entries of an issuer. The numbers of later entries continue.
func (c Client) ClearJournal(ctx context.Context, issuer string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, "issuers", issuer, "journal")
}

// pathOf joins segments to a path.
func pathOf(segments ...string) string {
	var path strings.Builder
	for _, segment := range segments {
		path.WriteString("/" + url.PathEscape(segment))
	}
	return path.String()
}

// call sends one request and decodes its reply into out, if out is not nil.
func (c Client) call(ctx context.Context, method string, in, out any, segments ...string) error {
	return c.callPath(ctx, method, in, out, pathOf(segments...))
}

// callPath is call for a path with a query.
func (c Client) callPath(ctx context.Context, method string, in, out any, path string) error {
	op := "provider: " + method + " " + path
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+path, body)
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
