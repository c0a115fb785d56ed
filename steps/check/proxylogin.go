package check

import (
	"net/http"
	"strings"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// LoginPageAt requires that a login page was opened at a URL. Its query is not compared.
func LoginPageAt(page *driver.Reply, url string) error {
	if got, _, _ := strings.Cut(page.URL(), "?"); got != url || !page.Is(2) {
		return verdict.Broken("a login page at "+url, "%s", page.Summary())
	}
	return nil
}

// SetsCookie requires that the reply of a login server sets a cookie to a value.
func SetsCookie(done *driver.Reply, name, value string) error {
	c, err := cookieSet(done, name)
	if err == nil && c.Value != value {
		return verdict.Broken("the cookie "+name+" with the value "+value, "another value")
	}
	return err
}

// SetsHTTPOnly requires that the reply of a login server sets a cookie that scripts cannot read.
func SetsHTTPOnly(done *driver.Reply, name string) error {
	c, err := cookieSet(done, name)
	if err == nil && !c.HttpOnly {
		return verdict.Broken("the cookie "+name+" with the attribute HttpOnly", "one without it")
	}
	return err
}

// cookieSet returns the cookie of a reply, which must set it once.
func cookieSet(done *driver.Reply, name string) (*http.Cookie, error) {
	var found []*http.Cookie
	if done != nil {
		for _, c := range (&http.Response{Header: done.Header}).Cookies() {
			if c.Name == name {
				found = append(found, c)
			}
		}
	}
	if len(found) != 1 {
		return nil, verdict.Broken("a reply that sets the cookie "+name, "%d of them: %s", len(found), done.Summary())
	}
	return found[0], nil
}

// BackAt requires that the last reply of a login is that of the page with which it began.
func BackAt(last *driver.Reply, page string) error {
	if last.URL() != page || !last.Is(2) {
		return verdict.Broken("the page "+page+" after the login", "%s", last.Summary())
	}
	return nil
}
