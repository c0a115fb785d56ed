package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxReply bounds what the client reads of a reply: a full journal of the default
// bound is about eight megabytes.
const maxReply = 16 << 20

// A Client speaks to the management listener of a provider. The zero HTTP
// client is one with a time-out of ten seconds. A Client is safe for
// concurrent use and may be copied.
type Client struct {
	Base string // http://127.0.0.2:20002
	HTTP *http.Client
}

var defaultHTTP = &http.Client{Timeout: 10 * time.Second}

// An Error is a refusal by the provider's management.
type Error struct {
	Op      string
	Status  int
	Message string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.Op, e.Status, e.Message)
}

// A TruncatedError says that a journal no longer holds everything, so that
// nothing may be concluded from what it lacks.
type TruncatedError struct {
	Issuer  string
	Dropped int
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("journal of issuer %q lost its oldest %d entries", e.Issuer, e.Dropped)
}

// CreateIssuer makes an issuer and returns it as registered: defaults filled
// in, secrets that the provider made included. A name in use is refused with
// an [Error] of status 409.
func (c Client) CreateIssuer(ctx context.Context, is Issuer) (Issuer, error) {
	var made Issuer
	err := c.call(ctx, http.MethodPut, is, &made, "issuers", is.Name)
	return made, err
}

// Issuer returns an issuer as it is now, without its clients' secrets.
func (c Client) Issuer(ctx context.Context, name string) (Issuer, error) {
	var is Issuer
	err := c.call(ctx, http.MethodGet, nil, &is, "issuers", name)
	return is, err
}

// Issuers lists the names of all issuers in order.
func (c Client) Issuers(ctx context.Context) ([]string, error) {
	var names Names
	err := c.call(ctx, http.MethodGet, nil, &names, "issuers")
	return names.Issuers, err
}

// DeleteIssuer removes an issuer with its tokens and its journal.
func (c Client) DeleteIssuer(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, nil, nil, "issuers", name)
}

// AddClient registers one more client and returns it with its secret.
func (c Client) AddClient(ctx context.Context, issuer string, spec ClientSpec) (ClientSpec, error) {
	var made ClientSpec
	err := c.call(ctx, http.MethodPut, spec, &made, "issuers", issuer, "clients", spec.ID)
	return made, err
}

// AddAccount opens one more account.
func (c Client) AddAccount(ctx context.Context, issuer string, a Account) error {
	return c.call(ctx, http.MethodPut, a, nil, "issuers", issuer, "accounts", a.Name)
}

// SetDefaultAccount says who a browser without a session is from now on;
// empty: the authorization endpoint asks.
func (c Client) SetDefaultAccount(ctx context.Context, issuer, account string) error {
	return c.call(ctx, http.MethodPut, Who{Account: account}, nil, "issuers", issuer, "default-account")
}

// SetConsent scripts the answer of an account to authorization requests.
func (c Client) SetConsent(ctx context.Context, issuer, account string, consent Consent) error {
	return c.call(ctx, http.MethodPut, consent, nil, "issuers", issuer, "accounts", account, "consent")
}

// SetTrouble scripts what refreshes are answered from now on; the zero Trouble ends it.
func (c Client) SetTrouble(ctx context.Context, issuer string, trouble Trouble) error {
	return c.call(ctx, http.MethodPut, trouble, nil, "issuers", issuer, "trouble")
}

// Grant sets the rows that /resource gives to an account, in place of those it
// had. No rows: it is refused there.
func (c Client) Grant(ctx context.Context, issuer, account string, rows []string) error {
	if rows == nil {
		rows = []string{}
	}
	return c.call(ctx, http.MethodPut, Rows{Rows: rows}, nil, "issuers", issuer, "accounts", account, "rows")
}

// RevokeGrants ends everything an account ever granted, as a person does who
// removes an application from their account: its codes, access tokens and
// refresh tokens are dead. It returns the number of grants that were alive.
func (c Client) RevokeGrants(ctx context.Context, issuer, account string) (int, error) {
	var done Revoked
	err := c.call(ctx, http.MethodDelete, nil, &done, "issuers", issuer, "accounts", account, "grants")
	return done.Revoked, err
}

// Journal returns what an issuer answered, oldest first. When it lost entries
// the error is a [*TruncatedError], beside the entries that are left.
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

// decode reads a reply whole, so that the connection can be used again.
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

// Strict decodes one JSON value and refuses unknown members and anything that
// follows it. Both ends of the API read with it.
func Strict(text []byte, out any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the JSON value")
	}
	return nil
}
