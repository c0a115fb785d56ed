package check

import (
	"countersign/fakeidp/control"
	"countersign/steps/driver"
	"countersign/steps/probe"
	"countersign/steps/verdict"
)

// A replay is what content reports of a visit in which it presented the token of an earlier visit: the exchange for
// the visit itself, the opening of the sealed token, and the exchange of that token.
type replay struct{ own, opening, replayed probe.Result }

// replayIn returns the replay in a report. It returns a block unless the exchange for the visit itself was granted, and
// a trouble if the content did not present the token with the digest.
func replayIn(report *probe.Report, digest string) (replay, error) {
	if len(report.Results) != 3 {
		return replay{}, &verdict.Trouble{Op: "the visit was not one that presents the token of an earlier visit"}
	}
	r := replay{report.Results[0], report.Results[1], report.Results[2]}
	if r.opening.Digest != digest {
		return r, &verdict.Trouble{Op: "the content did not open the token of the earlier visit: " + r.opening.Error}
	}
	if r.own.Token == "" {
		return r, nothingGranted("the content obtained no token for the visit itself: " + exchanges(report))
	}
	return r, nil
}

// ReplayRefused requires that content was given a token for its visit, and none for the token of an earlier visit, which
// has the digest.
func ReplayRefused(report *probe.Report, digest string) error {
	r, err := replayIn(report, digest)
	switch {
	case err != nil:
		return err
	case r.replayed.Token != "":
		return verdict.Broken("no token for the token of an earlier visit", "one")
	case !r.replayed.Refused():
		return verdict.Broken("a refusal of the exchange (4xx or 501) for the token of an earlier visit", "status %d", r.replayed.Status)
	}
	return nil
}

// ReplayOf requires that the token of an earlier visit, which has the digest, yields a token of the account or none,
// whoever visits the content now. journal is the provider's.
func ReplayOf(report *probe.Report, digest string, journal []control.Entry, account string) error {
	r, err := replayIn(report, digest)
	switch {
	case err != nil:
		return err
	case r.replayed.Token == "" && r.replayed.Refused():
		return nil
	case r.replayed.Token == "":
		return verdict.Broken("a token of "+account+" or a refusal of the exchange (4xx or 501)", "status %d", r.replayed.Status)
	}
	if owner, issued := issuedTo(journal, r.replayed.Token); !issued || owner != account {
		return verdict.Broken("a token that the provider issued to "+account+", or none", "one issued to %q", owner)
	}
	return nil
}

// OwnTokenOf requires that content was given a token of the account for its visit, whatever it was given for the token
// of an earlier visit.
func OwnTokenOf(report *probe.Report, journal []control.Entry, account string) error {
	own := *report
	own.Results = report.Results[:min(1, len(report.Results))]
	return TokenOf(&own, journal, account)
}

// DifferentVisitTokens requires that two visits to content were given different session tokens. The probe reports
// tokens as digests.
func DifferentVisitTokens(before, after *driver.Visit, name string) error {
	first, err := visitToken(before, name)
	if err != nil {
		return err
	}
	second, err := visitToken(after, name)
	if err != nil {
		return err
	}
	if first == second {
		return verdict.Broken("two tokens of two visits", "the same")
	}
	return nil
}

// visitToken returns the digest of the session token of a visit.
func visitToken(visit *driver.Visit, name string) (string, error) {
	report, err := Reported(visit, name)
	if err != nil {
		return "", err
	}
	digest, sent := report.Request.Header("Posit-Connect-User-Session-Token")
	if !sent {
		return "", verdict.Broken("a report of the token of the visit", "none")
	}
	return digest, nil
}
