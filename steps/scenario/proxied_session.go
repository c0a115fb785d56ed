package scenario

import (
	"context"
	"slices"
	"strings"

	"countersign/steps/check"
	"countersign/steps/driver"
	"countersign/steps/instance"
	"countersign/steps/verdict"
)

// loginPage returns the last login at the page of the proxy that a step of this scenario has begun.
func (x *Proxied) loginPage() (*driver.ProxyLogin, error) {
	if x.login == nil {
		return nil, missing("no user has signed in at the login page")
	}
	return x.login, nil
}

// CheckLoginPath requires that the login page of the proxy is at a path of its own origin.
func (x *Proxied) CheckLoginPath(path string) error {
	login, err := x.loginPage()
	if err != nil {
		return err
	}
	return check.LoginPageAt(login.Page, x.state.Instance.Subject.Origin()+path)
}

// CheckCookieSet requires that the login server sets a cookie to a value.
func (x *Proxied) CheckCookieSet(name, value string) error {
	login, err := x.loginPage()
	if err != nil {
		return err
	}
	return check.SetsCookie(login.Done, name, x.state.OnTheWire(value))
}

// CheckCookieHTTPOnly requires that the login server sets a cookie that scripts cannot read.
func (x *Proxied) CheckCookieHTTPOnly(name string) error {
	login, err := x.loginPage()
	if err != nil {
		return err
	}
	return check.SetsHTTPOnly(login.Done, name)
}

// RequestOf sends a request of a user who is signed in at the proxy.
func (x *Proxied) RequestOf(ctx context.Context, short string) error {
	lines, err := x.signIn(ctx, short)
	if err != nil {
		return err
	}
	return x.remember(x.send(ctx, "the request of the user "+short, RawRequest{Method: "GET", Lines: slices.Clone(lines)}))
}

// LogOut opens the LogoutURL in the browser of a user who is signed in. After it the requests of the user
// have the cookies that the browser keeps.
func (x *Proxied) LogOut(ctx context.Context, short string) error {
	path := x.state.Instance.Configuration.Get("ProxyAuth", "LogoutURL")
	path = strings.TrimPrefix(path, x.state.Instance.Subject.Origin())
	if !strings.HasPrefix(path, "/") {
		return &verdict.Inapplicable{Reason: "the server behind the proxy has no LogoutURL at the origin of the proxy"}
	}
	if _, err := x.signIn(ctx, short); err != nil {
		return err
	}
	session := x.sessions[short]
	if session.Login == nil {
		return &verdict.Inapplicable{Reason: "the target has no login page, so no browser has a session that ends"}
	}
	if _, err := session.Login.Open(ctx, path); err != nil {
		return err
	}
	session.Lines = []driver.HeaderLine{{Name: "Cookie", Value: session.Login.Cookie}}
	x.sessions[short] = session
	return nil
}

// FollowLoginURL signs a user in at the LoginURL, to which the browser comes from a page of the server.
func (x *Proxied) FollowLoginURL(ctx context.Context, short, page string) error {
	how := *x.state.Target.Proxy.SignIn
	path := x.state.Instance.Configuration.Get("ProxyAuth", "LoginURL")
	if len(how.Form) == 0 || !strings.HasPrefix(path, "/") {
		return &verdict.Inapplicable{Reason: "the server behind the proxy has no LoginURL at the origin of the proxy"}
	}
	x.asked = strings.ReplaceAll(page, "<prefix>", x.prefix())
	session, err := instance.SignInFrom(ctx, x.state.Instance.Subject, how, x.identity(short), x.state.Instance.Subject.Origin()+x.asked, path, x.state.Recorder)
	if err != nil {
		return err
	}
	x.keepLogin(short, session)
	return nil
}

// keepLogin remembers the session of a user who has signed in at the login page.
func (x *Proxied) keepLogin(short string, session instance.ProxySession) {
	x.sessions[short], x.login = session, session.Login
	if x.returned = session.Login.Done.Location(); x.returned == "" {
		x.returned = "nowhere: " + describeLogin(session.Login)
	}
}
