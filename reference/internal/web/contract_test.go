package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

const documentFile = "../../openapi.yaml"

// contract compares replies with the OpenAPI document.
type contract struct {
	mux        *http.ServeMux // finds the pattern of a request as the server does
	operations map[string]*operation
	statuses   map[int]int // by code
}

// operation is an operation of the document with the codes that its errors may have.
type operation struct {
	*routers.Route
	codes []int
}

// loadContract returns the contract in the document of the server.
var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(documentFile)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	c := &contract{mux: http.NewServeMux(), operations: map[string]*operation{}, statuses: map[int]int{}}
	for _, path := range doc.Paths.Keys() {
		item := doc.Paths.Value(path)
		for method, op := range item.Operations() {
			o := &operation{&routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}, codesOf(doc, op)}
			pattern, ok := op.Extensions["x-pattern"].(string)
			if !ok {
				pattern = method + " " + path
			}
			c.operations[pattern] = o
			c.mux.Handle(pattern, http.NotFoundHandler())
		}
	}
	for code, entry := range doc.Extensions["x-error-codes"].(map[string]any) {
		var n int
		if _, err := fmt.Sscan(code, &n); err != nil {
			return nil, fmt.Errorf("x-error-codes: %q: %w", code, err)
		}
		c.statuses[n] = int(entry.(map[string]any)["status"].(float64))
	}
	return c, nil
})

// codesOf returns the codes of the errors of an operation. Without security it reads no credentials, and has no
// errors of authentication.
func codesOf(doc *openapi3.T, op *openapi3.Operation) []int {
	lists := []any{op.Extensions["x-codes"]}
	if op.Security == nil || len(*op.Security) > 0 {
		lists = append(lists, doc.Extensions["x-common-codes"])
	}
	var codes []int
	for _, list := range lists {
		numbers, _ := list.([]any)
		for _, n := range numbers {
			codes = append(codes, int(n.(float64)))
		}
	}
	return codes
}

// check returns an error if a reply is not one that the document describes for the request.
func (c *contract) check(req *http.Request, sent []byte, res *http.Response, body []byte) error {
	_, pattern := c.mux.Handler(req)
	op := c.operations[pattern]
	switch {
	case op == nil:
		return fmt.Errorf("no operation for the request")
	case res.Header.Get("X-Correlation-Id") == "":
		return fmt.Errorf("no X-Correlation-Id")
	case res.StatusCode == http.StatusTemporaryRedirect && res.Header.Get("Location") != "":
		return nil // to the tidy path, for every operation
	}
	if op.Operation.Responses.Default() != nil && !isError(body) && res.StatusCode != http.StatusFound {
		return nil // the reply of content
	}
	if err := c.checkError(op, req, res, body); err != nil {
		return err
	}
	if err := op.checkReply(req, res, body); err != nil {
		return err
	}
	if res.StatusCode < http.StatusMultipleChoices {
		return op.checkRequest(sent)
	}
	return nil
}

// apiError is the body of an error.
type apiError struct {
	Code    int             `json:"code"`
	Error   string          `json:"error"`
	Payload json.RawMessage `json:"payload"`
}

func isError(body []byte) bool {
	var e apiError
	return json.Unmarshal(body, &e) == nil && e.Code != 0 && e.Error != ""
}

// checkError checks the code of an error. Errors as pages have none.
func (c *contract) checkError(op *operation, req *http.Request, res *http.Response, body []byte) error {
	isPage := strings.HasPrefix(res.Header.Get("Content-Type"), "text/html")
	if res.StatusCode < http.StatusBadRequest || req.Method == http.MethodHead || isPage && !strings.HasPrefix(op.Path, "/__api__/") {
		return nil
	}
	var e apiError
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("the error is not JSON: %w", err)
	}
	if !slices.Contains(op.codes, e.Code) {
		return fmt.Errorf("the operation has no code %d", e.Code)
	}
	if e.Code != 1 && c.statuses[e.Code] != res.StatusCode {
		return fmt.Errorf("code %d has status %d", e.Code, c.statuses[e.Code])
	}
	return nil
}

// checkReply checks status, header and body of a reply.
func (o *operation) checkReply(req *http.Request, res *http.Response, body []byte) error {
	response := o.Operation.Responses.Status(res.StatusCode)
	if response == nil {
		return fmt.Errorf("the operation has no status %d", res.StatusCode)
	}
	if len(response.Value.Content) == 0 && len(body) > 0 {
		return fmt.Errorf("the reply has a body")
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: o.Route},
		Status:                 res.StatusCode,
		Header:                 res.Header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	return openapi3filter.ValidateResponse(req.Context(), input.SetBodyBytes(body))
}

// checkRequest checks the body of a request that the server accepted, if the operation has a body of JSON.
func (o *operation) checkRequest(sent []byte) error {
	if len(sent) == 0 || o.Operation.RequestBody == nil {
		return nil
	}
	media := o.Operation.RequestBody.Value.Content.Get("application/json")
	if media == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(sent, &value); err != nil {
		return err
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.VisitAsRequest()); err != nil {
		return fmt.Errorf("the server accepts a body that is not documented: %w", err)
	}
	return nil
}

// checkedTransport compares all replies with the document and reports those that differ.
type checkedTransport struct {
	report func(format string, args ...any)
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c checkedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(req)
	if err != nil || res.StatusCode == http.StatusSwitchingProtocols {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var sent []byte
	if req.GetBody != nil {
		copied, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		if sent, err = io.ReadAll(copied); err != nil {
			return nil, err
		}
	}
	contract, err := loadContract()
	if err == nil {
		err = contract.check(req, sent, res, body)
	}
	if err != nil {
		c.report("%s %s: status %d: the reply is not as in openapi.yaml: %v: %s", req.Method, req.URL.Path, res.StatusCode, err, body)
	}
	return res, nil
}
