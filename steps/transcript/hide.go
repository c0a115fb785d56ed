package transcript

import "regexp"

// HideSecrets replaces long tokens, which may be secrets, in text for users.
func HideSecrets(text string) string { return longRun.ReplaceAllString(text, "[redacted]") }

// longRun matches long runs of characters that occur in keys, tokens and cookies. Paths and words
// are shorter or contain other characters.
var longRun = regexp.MustCompile(`[A-Za-z0-9_+=-]{28,}`)
