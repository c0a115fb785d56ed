package fakeidp

import "time"

// Lifetimes. The lifetimes of access tokens and refresh tokens are settings of the issuer.
const (
	codeLifetime    = time.Minute // RFC 6749, section 4.1.2: ten minutes at most
	codeMemory      = time.Hour   // how long a second use is recognised
	accessLifetime  = time.Hour
	refreshLifetime = 14 * 24 * time.Hour
	idTokenLifetime = 5 * time.Minute
	choiceLifetime  = 10 * time.Minute
)

// now returns the time of the issuer. All code that compares or stores a time calls it, so that an issuer can have
// its own clock.
func (is *issuer) now() time.Time { return is.clock() }
