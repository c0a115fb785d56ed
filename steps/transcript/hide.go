package transcript

import "regexp"

// HideSecrets replaces what may be a secret in text that is shown to people.
func HideSecrets(text string) string { return longRun.ReplaceAllString(text, "[redacted]") }

// longRun matches a run of characters as in keys, tokens and cookies. Paths and words are
// shorter or contain other characters.
var longRun = regexp.MustCompile(`[A-Za-z0-9_+=-]{28,}`)
