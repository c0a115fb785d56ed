package check

import (
	"regexp"
	"strings"
)

// Gives reports whether a log gives one of names, which are patterns, as value: the value
// stands behind the name on the same line, and neither a hidden value nor the name of another
// header stands between the two. How a server writes names and values is left to it.
func Gives(log string, names []string, value string) bool {
	name := regexp.MustCompile(`(?i)(?:^|[^a-z0-9_-])(?:` + strings.Join(names, "|") + `)(?:$|[^a-z0-9_-])`)
	for line := range strings.Lines(log) {
		for _, at := range name.FindAllStringIndex(line, -1) {
			between, _, found := strings.Cut(line[at[1]:], value)
			if found && !betweenOthers.MatchString(between) {
				return true
			}
		}
	}
	return false
}

// betweenOthers matches what shows that a value belongs to another name: a value that is
// hidden, or the name of a header that every request of the suite has.
var betweenOthers = regexp.MustCompile(`(?i)<(?:internal|redacted|empty)>|(?:^|[^a-z0-9_-])(?:accept|accept-encoding|user-agent|host|x-auth-username|x-custom)(?:$|[^a-z0-9_-])`)

// maxLines bounds what is kept of the log of one start.
const maxLines = 10_000

// LinesAbout returns the lines of a log that contain a text, in upper or lower case, without
// what differs from start to start: times, durations, numbers and ids.
func LinesAbout(log, about string) []string {
	var lines []string
	about = strings.ToLower(about)
	for line := range strings.Lines(log) {
		if !strings.Contains(strings.ToLower(line), about) {
			continue
		}
		if len(lines) == maxLines {
			break
		}
		lines = append(lines, strings.TrimSpace(varying.ReplaceAllString(line[:min(len(line), 2000)], "#")))
	}
	return lines
}

// varying matches ids, durations and numbers.
var varying = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9]+(?:\.[0-9]+)?(?:ns|µs|us|ms|s|m|h)\b|[0-9]+(?:[.,:][0-9]+)*`)

// NewLines returns the lines that are not among those known.
func NewLines(lines []string, known map[string]bool) []string {
	var fresh []string
	for _, line := range lines {
		if !known[line] {
			fresh = append(fresh, line)
		}
	}
	return fresh
}
