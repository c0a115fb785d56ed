package scenario

import (
	"context"

	"countersign/steps/check"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// warnings is what distinguishes a warning from what a server writes at every start. How a server
// words a warning is left to it: a warning is a line that a start writes and that an earlier start
// with the same configuration, before the cause existed, did not write.
type warnings struct {
	earlier map[string]map[string]bool // lines of starts that have ended, by configuration
	seen    []string                   // the lines of the last warning
}

// keepLog keeps what the stopped instance has written since it was started.
func (sv *Server) keepLog() {
	s := sv.state
	from := s.LogFrom
	if sv.start != nil && sv.start.Instance == s.Instance {
		from = sv.start.LogFrom
	}
	if sv.warnings.earlier == nil {
		sv.warnings.earlier = map[string]map[string]bool{}
	}
	digest := s.Instance.Configuration.Digest()
	lines := sv.warnings.earlier[digest]
	if lines == nil {
		lines = map[string]bool{}
		sv.warnings.earlier[digest] = lines
	}
	for _, line := range check.LinesAbout(angles.Replace(s.Instance.LogSince(from)), "") {
		lines[line] = true
	}
}

// CheckLogWarns waits for lines that contain a text and that no earlier start with the
// configuration of the server has written.
func (sv *Server) CheckLogWarns(ctx context.Context, about string) error {
	earlier, started := sv.warnings.earlier[sv.state.Instance.Configuration.Digest()]
	if !started {
		return missing("a warning needs an earlier start with the same configuration to compare with")
	}
	wanted := "a line about " + about + " in the log that an earlier start with the same configuration did not write"
	return sv.await(ctx, wanted, func(log string) bool {
		sv.warnings.seen = check.NewLines(check.LinesAbout(log, about), earlier)
		return len(sv.warnings.seen) > 0
	})
}

// CheckLogNoLongerWarns requires that at least one of the lines of the last warning is missing.
// Some of them may be written whatever the cause, such as a list of what there is.
func (sv *Server) CheckLogNoLongerWarns(ctx context.Context, about string) error {
	log, err := sv.atRest(ctx)
	if err != nil {
		return err
	}
	if len(sv.warnings.seen) == 0 {
		return nil // there was no warning that could go on
	}
	now := map[string]bool{}
	for _, line := range check.LinesAbout(log, about) {
		now[line] = true
	}
	if len(check.NewLines(sv.warnings.seen, now)) == 0 {
		return verdict.Broken("a log without the warning about "+about, "%q", transcript.HideSecrets(sv.warnings.seen[0]))
	}
	return nil
}
