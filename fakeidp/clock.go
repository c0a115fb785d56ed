package fakeidp

import "time"

// What the provider grants lives this long. Access tokens and refresh tokens
// are set by issuer.
const (
	codeLifetime    = time.Minute // RFC 6749, section 4.1.2: ten minutes at most
	codeMemory      = time.Hour   // how long a second use is still recognised
	accessLifetime  = time.Hour
	refreshLifetime = 14 * 24 * time.Hour
	idTokenLifetime = 5 * time.Minute
	choiceLifetime  = 10 * time.Minute
)

// now is the issuer's time. Whatever compares or writes a time asks here, so
// that an issuer can be given a clock of its own.
func (is *issuer) now() time.Time { return is.clock() }
