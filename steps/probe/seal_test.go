package probe_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"countersign/steps/probe"
)

const visitToken = "{header.Posit-Connect-User-Session-Token}"

// sealed returns the results of a visit whose content seals the token of the visit, and the text of its report.
func sealed(t *testing.T, token, key string) (probe.Result, string) {
	t.Helper()
	report, text := visit(t, nil, http.Header{"Posit-Connect-User-Session-Token": {token}},
		probe.Action{Do: probe.DoSeal, Value: visitToken, Key: key})
	return report.Results[0], text
}

// TestSealedValueOfAnEarlierVisit has another process use the token of a visit. Neither report contains the token, and
// nothing of it is a sighting.
func TestSealedValueOfAnEarlierVisit(t *testing.T) {
	t.Parallel()
	const token = "token-of-alice"
	key := probe.NewSealKey()
	result, first := sealed(t, token, key)
	if result.Sealed == "" || result.Digest != probe.Digest(token) || result.Error != "" {
		t.Fatalf("seal: got %+v", result)
	}
	s := newSubject(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"access_token":"a"}`) })
	report, second := visit(t, s.environ(), http.Header{"Posit-Connect-User-Session-Token": {"token-of-bob"}},
		probe.Action{Do: probe.DoOpen, Value: result.Sealed, Key: key}, exchange("{opened}"), exchange(visitToken))
	if got := report.Results[0]; got.Digest != probe.Digest(token) || got.Error != "" {
		t.Errorf("open: got %+v", got)
	}
	if got := s.forms[0].Get("subject_token"); got != token {
		t.Errorf("the content presented %q, want %q", got, token)
	}
	if got := s.forms[1].Get("subject_token"); got != "token-of-bob" {
		t.Errorf("the content presented %q for its own visit, want token-of-bob", got)
	}
	for _, text := range []string{first, second} {
		for _, secret := range []string{"of-alice", "of-bob", key} {
			if strings.Contains(text, secret) || strings.Contains(text, base64.RawURLEncoding.EncodeToString([]byte(secret))) {
				t.Errorf("a report contains %q: %s", secret, text)
			}
		}
		if !strings.Contains(text, `"sightings":[]`) {
			t.Errorf("a report has sightings: %s", text)
		}
	}
	if again, _ := sealed(t, token, key); again.Sealed == result.Sealed {
		t.Error("two visits sealed a value to the same text, which shows that the values are equal")
	}
}

// TestMarkIsNoSightingWhenSealed checks that a sealed value does not show the mark of a secret to a client that
// searches the report for it.
func TestMarkIsNoSightingWhenSealed(t *testing.T) {
	t.Parallel()
	secret := marks[probe.AccessToken]
	result, text := sealed(t, secret, probe.NewSealKey())
	if result.Error != "" || strings.Contains(text, secret) || len(probe.Search(probe.AllKinds, []byte(result.Sealed))) != 0 {
		t.Errorf("a mark of the provider is in %s", text)
	}
}

func TestSealBounds(t *testing.T) {
	t.Parallel()
	for size, allowed := range map[int]bool{1: true, 4096: true, 4097: false} {
		key, token := probe.NewSealKey(), strings.Repeat("x", size)
		result, text := sealed(t, token, key)
		if (result.Error == "") != allowed || (result.Sealed != "") != allowed || size > 100 && strings.Contains(text, "xxxx") {
			t.Errorf("%d bytes: got error %q and %d characters", size, result.Error, len(result.Sealed))
		}
		if !allowed {
			continue
		}
		report, _ := visit(t, nil, nil, probe.Action{Do: probe.DoOpen, Value: result.Sealed, Key: key})
		if got := report.Results[0]; got.Digest != probe.Digest(token) {
			t.Errorf("%d bytes: open: got %+v", size, got)
		}
	}
	report, _ := visit(t, nil, nil, probe.Action{Do: probe.DoSeal, Value: visitToken, Key: probe.NewSealKey()})
	if got := report.Results[0]; got.Error != "no value for "+visitToken || got.Sealed != "" || got.Digest != "" {
		t.Errorf("a visit without a token: got %+v", got)
	}
}

func TestOpenRefusesOtherValues(t *testing.T) {
	t.Parallel()
	key := probe.NewSealKey()
	result, _ := sealed(t, "token", key)
	raw, err := base64.RawURLEncoding.DecodeString(result.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	changed := base64.RawURLEncoding.EncodeToString(raw)
	for name, action := range map[string]probe.Action{
		"another key":      {Value: result.Sealed, Key: probe.NewSealKey()},
		"a changed value":  {Value: changed, Key: key},
		"a short value":    {Value: "abcd", Key: key},
		"no base64url":     {Value: "!!", Key: key},
		"a value too long": {Value: strings.Repeat("A", 6000), Key: key},
	} {
		action.Do = probe.DoOpen
		s := newSubject(t, func(http.ResponseWriter, *http.Request) {})
		report, text := visit(t, s.environ(), nil, action, exchange("{opened}"))
		if got := report.Results[0]; !strings.HasPrefix(got.Error, "open: ") || got.Digest != "" {
			t.Errorf("%s: got %+v", name, got)
		}
		if report.Results[1].Error != "no value for {opened}" || len(s.forms) != 0 {
			t.Errorf("%s: the content made a call without a value: %+v", name, report.Results[1])
		}
		if strings.Contains(text, action.Key) {
			t.Errorf("%s: the report contains the key", name)
		}
	}
}

func TestBadSealActions(t *testing.T) {
	t.Parallel()
	key := probe.NewSealKey()
	for name, action := range map[string]probe.Action{
		"no key":      {Do: probe.DoSeal, Value: "x"},
		"a short key": {Do: probe.DoSeal, Value: "x", Key: key[:20]},
		"a long key":  {Do: probe.DoOpen, Value: "x", Key: key + key},
		"no base64":   {Do: probe.DoOpen, Value: "x", Key: "a key in plain words"},
		"no value":    {Do: probe.DoSeal, Key: key},
	} {
		text, err := json.Marshal([]probe.Action{action})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/?probe="+base64.RawURLEncoding.EncodeToString(text), nil)
		probe.Handler(nil).ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "action 0: ") {
			t.Errorf("%s: got %d %s, want 400", name, w.Code, w.Body)
		}
		if action.Key != "" && strings.Contains(w.Body.String(), action.Key) {
			t.Errorf("%s: the error repeats the key: %s", name, w.Body)
		}
	}
}
