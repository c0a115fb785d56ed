package fakeidp

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// params are the parameters of a request. Each occurs once.
type params map[string]string

// parseParams parses name=value pairs. According to RFC 6749, sections 3.1 and 3.2, a parameter without a value
// counts as omitted, an unknown one is ignored, and a repeated one is an error.
func parseParams(text string) (params, error) {
	ps, repeated, err := parseOnce(text)
	if err != nil {
		return nil, err
	}
	if repeated {
		return nil, errRepeated()
	}
	return ps, nil
}

func errRepeated() *problem { return invalidRequest("a parameter is there more than once") }

// parseOnce parses name=value pairs. It leaves out repeated parameters and reports whether there were any.
func parseOnce(text string) (ps params, repeated bool, err error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, false, invalidRequest("the parameters are not well-formed")
	}
	ps = params{}
	for name, vs := range values {
		repeated = repeated || len(vs) > 1
		if len(vs) == 1 && vs[0] != "" {
			ps[name] = vs[0]
		}
	}
	return ps, repeated, nil
}

// form returns the parameters of a body. It refuses parameters in the URL, which could be logged on the way (RFC
// 6749, section 2.3.1).
func (ex *exchange) form() (params, error) {
	text, err := ex.formText()
	if err != nil {
		return nil, err
	}
	return parseParams(text)
}

func (ex *exchange) formText() (string, error) {
	if ex.r.URL.RawQuery != "" {
		return "", invalidRequest("parameters belong into the body, not into the URL")
	}
	if err := isForm(ex.r.Header); err != nil {
		return "", err
	}
	text, err := io.ReadAll(ex.r.Body)
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return "", newProblem(http.StatusRequestEntityTooLarge, "invalid_request", "the body is too long")
		}
		return "", invalidRequest("the body could not be read")
	}
	return string(text), nil
}

// isForm checks the media type of a body (RFC 6749, appendix B).
func isForm(h http.Header) error {
	if len(h.Values("Content-Type")) != 1 {
		return invalidRequest("one Content-Type is needed")
	}
	kind, attrs, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != formType {
		return invalidRequest("the body must be application/x-www-form-urlencoded")
	}
	if charset := attrs["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return invalidRequest("the body must be in UTF-8")
	}
	if h.Get("Content-Encoding") != "" {
		return invalidRequest("the body must not be encoded")
	}
	return nil
}

// visible reports whether s consists of VSCHAR (RFC 6749, appendix A), the characters of states and client
// identifiers.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
