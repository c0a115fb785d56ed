package transcript_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"countersign/steps/transcript"
)

func written(t *testing.T, r *transcript.Recorder) string {
	t.Helper()
	var page bytes.Buffer
	if err := r.Write(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// TestCanaries puts a secret into each place of an exchange and checks that the transcript does not
// contain it.
func TestCanaries(t *testing.T) {
	t.Parallel()
	const head = "GET / HTTP/1.1\r\nHost: 127.0.0.1:20017\r\n"
	const ok = "HTTP/1.1 200 OK\r\n"
	jsonReply := func(text string) [2]string { return [2]string{head + "\r\n", ok + "\r\n" + text} }
	places := map[string]func(c string) [2]string{
		"path":        func(c string) [2]string { return [2]string{"GET /x/" + c + "/y HTTP/1.1\r\n\r\n", ok + "\r\n"} },
		"query value": func(c string) [2]string { return [2]string{"GET /?code=" + c + " HTTP/1.1\r\n\r\n", ok + "\r\n"} },
		"query name":  func(c string) [2]string { return [2]string{"GET /?" + c + "=1 HTTP/1.1\r\n\r\n", ok + "\r\n"} },
		"query shown": func(c string) [2]string {
			return [2]string{"GET /?scope=openid+" + c + " HTTP/1.1\r\n\r\n", ok + "\r\n"}
		},
		"fragment":    func(c string) [2]string { return [2]string{"GET /#" + c + " HTTP/1.1\r\n\r\n", ok + "\r\n"} },
		"method":      func(c string) [2]string { return [2]string{c + " / HTTP/1.1\r\n\r\n", ok + "\r\n"} },
		"protocol":    func(c string) [2]string { return [2]string{"GET / " + c + "\r\n\r\n", ok + "\r\n"} },
		"bad line":    func(c string) [2]string { return [2]string{head + c + "\r\n\r\n", ok + c + "\r\n\r\n"} },
		"header name": func(c string) [2]string { return [2]string{head + "X " + c + ": 1\r\n\r\n", ok + "\r\n"} },
		"header value": func(c string) [2]string {
			return [2]string{head + "X-Any: " + c + "\r\n\r\n", ok + "X-Any: " + c + "\r\n\r\n"}
		},
		"folded": func(c string) [2]string { return [2]string{head + "X-Any: a\r\n " + c + "\r\n\r\n", ok + "\r\n"} },
		"folded cookie": func(c string) [2]string {
			return [2]string{head + "Cookie: a=b;\r\n\tc=" + c + "\r\n\r\n", ok + "\r\n"}
		},
		"key": func(c string) [2]string { return [2]string{head + "Authorization: Key " + c + "\r\n\r\n", ok + "\r\n"} },
		"bearer": func(c string) [2]string {
			return [2]string{head + "Authorization: Bearer " + c + "\r\n\r\n", ok + "\r\n"}
		},
		"other scheme": func(c string) [2]string { return [2]string{head + "Authorization: " + c + " x\r\n\r\n", ok + "\r\n"} },
		"bare key": func(c string) [2]string {
			return [2]string{head + "X-RSC-Authorization: " + c + "\r\n\r\n", ok + "\r\n"}
		},
		"deploy token": func(c string) [2]string {
			return [2]string{head + "X-Auth-Token: " + c + "\r\nX-Auth-Signature: " + c + "\r\n\r\n", ok + "\r\n"}
		},
		"xsrf": func(c string) [2]string { return [2]string{head + "X-Rsc-Xsrf: " + c + "\r\n\r\n", ok + "\r\n"} },
		"cookie": func(c string) [2]string {
			return [2]string{head + "Cookie: rsconnect=" + c + "; RSC-XSRF=" + c + "\r\n\r\n", ok + "\r\n"}
		},
		"cookie name": func(c string) [2]string { return [2]string{head + "Cookie: " + c + "=1\r\n\r\n", ok + "\r\n"} },
		"identity cookie": func(c string) [2]string {
			return [2]string{head + "Cookie: verified-user=" + c + "\r\n\r\n", ok + "\r\n"}
		},
		"set-cookie": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Set-Cookie: rsconnect=" + c + "; Path=/\r\n\r\n"}
		},
		"cookie attribute": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Set-Cookie: a=b; Path=/" + c + "; Domain=" + c + "; " + c + "\r\n\r\n"}
		},
		"location query": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Location: /x?state=" + c + "&y=" + c + "\r\n\r\n"}
		},
		"location path": func(c string) [2]string { return [2]string{head + "\r\n", ok + "Location: /" + c + "\r\n\r\n"} },
		"location host": func(c string) [2]string { return [2]string{head + "\r\n", ok + "Location: http://" + c + "/\r\n\r\n"} },
		"location user": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Location: http://u:" + c + "@127.0.0.1:1/\r\n\r\n"}
		},
		"location scheme": func(c string) [2]string { return [2]string{head + "\r\n", ok + "Location: " + c + "://x\r\n\r\n"} },
		"location in url": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Location: /auth/login?url=" + url.QueryEscape("/?code="+c) + "\r\n\r\n"}
		},
		"referer": func(c string) [2]string {
			return [2]string{head + "Referer: " + subject + "/?" + c + "\r\n\r\n", ok + "\r\n"}
		},
		"reason":  func(c string) [2]string { return [2]string{head + "\r\n", "HTTP/1.1 200 " + c + "\r\n\r\n"} },
		"version": func(c string) [2]string { return [2]string{head + "\r\n", "HTTP/" + c + " 200 OK\r\n\r\n"} },
		"interim": func(c string) [2]string {
			return [2]string{head + "\r\n", "HTTP/1.1 103 x\r\nLink: " + c + "\r\n\r\n" + ok + "\r\n"}
		},
		"trailer": func(c string) [2]string {
			return [2]string{head + "\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + c + "\r\n\r\n"}
		},
		"after the body": func(c string) [2]string { return [2]string{head + "\r\n", ok + "Content-Length: 0\r\n\r\n" + c} },
		"not HTTP":       func(c string) [2]string { return [2]string{c, c} },
		"text":           func(c string) [2]string { return jsonReply("hello " + c) },
		"html":           func(c string) [2]string { return jsonReply("<a href=/?x=" + c + ">") },
		"json string":    func(c string) [2]string { return jsonReply(`"` + c + `"`) },
		"json member": func(c string) [2]string {
			return jsonReply(`{"any":"` + c + `","key":"` + c + `","access_token":"` + c + `"}`)
		},
		"json name": func(c string) [2]string { return jsonReply(`{"` + c + `":1}`) },
		"json nested": func(c string) [2]string {
			return jsonReply(`{"name":{"x":["` + c + `"]},"results":[{"state":"` + c + `"}]}`)
		},
		"json url":       func(c string) [2]string { return jsonReply(`{"url":"` + subject + `/content/x/?share=` + c + `"}`) },
		"json code":      func(c string) [2]string { return jsonReply(`{"code":"` + c + `"}`) },
		"json array":     func(c string) [2]string { return jsonReply(`["` + c + `"]`) },
		"json then junk": func(c string) [2]string { return jsonReply(`{} ` + c) },
		"report header": func(c string) [2]string {
			return jsonReply(`{"headers":{"X-Any":["` + c + `"],"Cookie":["` + c + `"]}}`)
		},
		"sealed token": func(c string) [2]string {
			return jsonReply(`{"results":[{"sealed":"` + c + `","digest":"` + c + `"}]}`)
		},
		"key of a sealed token": func(c string) [2]string {
			actions := base64.RawURLEncoding.EncodeToString([]byte(`[{"do":"open","key":"` + c + `","value":"` + c + `"}]`))
			return [2]string{"GET /?probe=" + actions + " HTTP/1.1\r\n\r\n", ok + "\r\n" + `{"value":"` + c + `","key":"` + c + `"}`}
		},
		"report name": func(c string) [2]string { return jsonReply(`{"environment":{"A ` + c + `":"x","B":"` + c + `"}}`) },
		"form": func(c string) [2]string {
			return [2]string{"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nsubject_token=" + c + "&x=" + c + "&" + c, ok + "\r\n"}
		},
		"form verifier": func(c string) [2]string {
			return [2]string{"POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ncode_verifier=" + c + "&client_secret=" + c, ok + "\r\n"}
		},
		"request json": func(c string) [2]string {
			return [2]string{"POST / HTTP/1.1\r\n\r\n" + `{"config":{"client_secret":"` + c + `"}}`, ok + "\r\n"}
		},
		// A value that an allow-list permits is hidden if it contains a secret.
		"echo in error": func(c string) [2]string {
			return [2]string{head + "Authorization: Key " + c + "\r\n\r\n", ok + "\r\n" + `{"error":"bad key ` + c + `"}`}
		},
		"echo in header": func(c string) [2]string {
			return [2]string{head + "Cookie: rsconnect=" + c + "\r\n\r\n", ok + "Content-Type: a/" + c + "\r\n\r\n"}
		},
		"echo in identity": func(c string) [2]string {
			return [2]string{head + "X-Auth-Username: " + c + "\r\nCookie: rsconnect=" + c + "\r\n\r\n", ok + "\r\n"}
		},
		"echo escaped": func(c string) [2]string {
			return [2]string{head + "X-Rsc-Xsrf: " + c + "\r\n\r\n", ok + "Vary: " + url.QueryEscape(c) + "\r\n\r\n"}
		},
	}
	canaries := []string{"hunter2-hunter2-hunter2", "0123456789abcdef0123456789abcdef", "MTczMjIzNDU2N3xEdi1CQkFF+/0==", refresh, access, code, secret}
	for place, wire := range places {
		for _, canary := range canaries {
			r := transcript.New(transcript.Options{})
			r.ShowHeaders("X-Auth-Username", "X-Auth-Token", "Cookie")
			sent := wire(canary)
			record(t, r, "GET", subject+"/", sent[0], sent[1], fmt.Errorf("malformed HTTP response %q", canary))
			page := written(t, r)
			inActions := base64.RawURLEncoding.EncodeToString([]byte(canary[:12])) // the key begins at a multiple of three bytes
			for _, spelling := range []string{canary, url.QueryEscape(canary), strings.ToLower(canary), inActions} {
				if strings.Contains(page, spelling) {
					t.Errorf("%s: the transcript contains %s:\n%s", place, spelling, page)
				}
			}
		}
	}
}

func TestCanaryInTheURLOfTheExchange(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	const canary = "hunter2-hunter2-hunter2"
	record(t, r, canary, subject+"/"+canary+"?code="+canary, "", "", &url.Error{Op: "Get", URL: canary, Err: errors.New(canary)})
	if page := written(t, r); strings.Contains(page, canary) {
		t.Errorf("the transcript contains the canary:\n%s", page)
	}
}

func TestTranscriptShowsWhatHelps(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	r.ShowHeaders("X-Auth-Username")
	r.ShowNames("alice-bcdfgh")
	record(t, r, "POST", subject+"/rsconnect/__api__/v1/users?page_size=500&prefix=x",
		"POST /rsconnect/__api__/v1/users?page_size=500&prefix=x HTTP/1.1\r\nHost: 127.0.0.1:20017\r\nX-Auth-Username: alice-bcdfgh\r\nx-auth-username: bob\r\nCookie: rsconnect=c2Vzc2lvbg; verified-user=alice-bcdfgh\r\n\r\n"+
			`{"username":"alice-bcdfgh","user_role":"viewer"}`,
		"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nSet-Cookie: rsconnect=; Path=/rsconnect/; Max-Age=0; HttpOnly\r\nLocation: "+subject+"/auth/login?url=%2Frsconnect%2F\r\n\r\n"+
			`{"code":30,"error":"We couldn't log you in","payload":null,"guid":"0b7d2d0e-94a1-4bbb-a4f1-0f6d0e0c7a11"}`, nil)
	page := written(t, r)
	for _, want := range []string{
		"#1 raw as alice: POST http://127.0.0.1:20017/rsconnect/__api__/v1/users?page_size=500&prefix=[redacted 1 bytes sha256:2d711642]",
		"> X-Auth-Username: alice-bcdfgh\n> x-auth-username: bob\n",
		"> Cookie: rsconnect=[redacted 10 bytes sha256:", `"username": "alice-bcdfgh"`, `"user_role": "viewer"`,
		"< HTTP/1.1 401 Unauthorized\n", "< Content-Type: application/json\n", "; Path=/rsconnect/; Max-Age=0; HttpOnly",
		"< Location: http://127.0.0.1:20017/auth/login?url=/rsconnect/\n",
		`"code": 30`, `"error": "We couldn't log you in"`, `"guid": "0b7d2d0e-94a1-4bbb-a4f1-0f6d0e0c7a11"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, page)
		}
	}
}

// TestMarksInPermittedMembers puts a secret of the provider into members whose values are shown.
func TestMarksInPermittedMembers(t *testing.T) {
	t.Parallel()
	const secret = "rt_csn_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	for _, text := range []string{secret, "x" + secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape("%" + secret)} {
		for _, member := range []string{"guid", "user_guid", "username", "error"} {
			r := transcript.New(transcript.Options{})
			get(t, r, "/x", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\""+member+"\":\""+text+"\"}")
			page := written(t, r)
			if strings.Contains(page, secret) || strings.Contains(page, text) || page == "" {
				t.Errorf("%s with %s:\n%s", member, text, page)
			}
		}
	}
}

func TestTranscriptShowsLeaksAndReports(t *testing.T) {
	t.Parallel()
	r := transcript.New(transcript.Options{})
	get(t, r, "/content/0b7d2d0e-94a1-4bbb-a4f1-0f6d0e0c7a11/", "HTTP/1.1 200 OK\r\nX-Foo: "+refresh+"\r\n\r\n"+
		`{"probe":"probe/1","environment":{"CONNECT_API_KEY":"sha256:`+strings.Repeat("ab", 32)+`"},"results":[{"status":200,"members":["access_token"]}]}`)
	page := written(t, r)
	for _, want := range []string{"LEAK: refresh_token in header X-Foo", `"probe": "probe/1"`, `"CONNECT_API_KEY": "sha256:abab`, `"access_token"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the transcript lacks %q:\n%s", want, page)
		}
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	got := transcript.Reason(errors.New("x " + refresh))
	if strings.Contains(got, refresh) || !strings.HasPrefix(got, "the reply is not HTTP") {
		t.Errorf("got %q", got)
	}
}
