package driver

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"countersign/steps/probe"
)

// Subject token types of a token exchange (RFC 8693 section 2.1) in Connect.
const (
	UserSessionToken    = "urn:posit:connect:user-session-token"
	ContentSessionToken = "urn:posit:connect:content-session-token"

	grantTokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	credentialsPath    = "__api__/v1/oauth/integrations/credentials"
)

// ExchangeAction returns the action with which content exchanges a token for
// credentials, in the form that the client libraries use. subject is the placeholder
// of the probe that names the token.
func ExchangeAction(subject, subjectType string) probe.Action {
	return probe.Action{
		Do: probe.DoCall, Method: "POST", As: probe.AsExchange,
		URL:     "{env.CONNECT_SERVER}" + credentialsPath,
		Headers: map[string]string{"Authorization": "Key {env.CONNECT_API_KEY}"},
		Form: map[string]string{
			"grant_type": grantTokenExchange, "subject_token_type": subjectType, "subject_token": subject,
		},
	}
}

// page is the page of static content.
const page = "<!doctype html>\n<meta charset=utf-8>\n<title>Countersign</title>\n<p>This page executes nothing.\n"

// ShowsPage reports whether the body of a reply is the page of static content.
func ShowsPage(r *Reply) bool { return r.Is(2) && string(r.Body) == page }

// Bundle returns a bundle of an app mode. It holds the manifest, the actions that the
// content executes when it is rendered, and the page for static content.
func Bundle(mode string, actions []probe.Action) ([]byte, error) {
	return LargeBundle(mode, actions, 0)
}

// LargeBundle is like [Bundle] and adds a file of data that cannot be compressed, so that the
// bundle has at least the given number of octets.
func LargeBundle(mode string, actions []probe.Action, least int) ([]byte, error) {
	if actions == nil {
		actions = []probe.Action{}
	}
	script, err := json.Marshal(probe.Script{Actions: actions})
	if err != nil {
		return nil, fmt.Errorf("encode probe.json: %w", err)
	}
	files := []file{{"probe.json", script}, {"index.html", []byte(page)}}
	if least > 0 {
		data := make([]byte, least)
		_, _ = rand.NewChaCha8([32]byte{}).Read(data) // never fails
		files = append(files, file{"data.bin", data})
	}
	manifest, err := manifestOf(mode, files)
	if err != nil {
		return nil, err
	}
	return pack(append([]file{{"manifest.json", manifest}}, files...))
}

type file struct {
	name string
	data []byte
}

func manifestOf(mode string, files []file) ([]byte, error) {
	type sum struct {
		Checksum string `json:"checksum"`
	}
	sums := make(map[string]sum, len(files))
	for _, f := range files {
		md := md5.Sum(f.data) // the format of the manifest requires MD5
		sums[f.name] = sum{hex.EncodeToString(md[:])}
	}
	text, err := json.Marshal(map[string]any{
		"version": 1, "metadata": map[string]any{"appmode": mode, "primary_html": "index.html"}, "files": sums,
	})
	if err != nil {
		return nil, fmt.Errorf("encode manifest.json: %w", err)
	}
	return text, nil
}

func pack(files []file) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	archive := tar.NewWriter(zip)
	for _, f := range files {
		if err := archive.WriteHeader(&tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data)), Typeflag: tar.TypeReg}); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
		if _, err := archive.Write(f.data); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("pack bundle: %w", err)
	}
	return out.Bytes(), nil
}
