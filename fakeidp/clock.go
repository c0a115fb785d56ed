package fakeidp

import (
	"fmt"
	"time"

	"countersign/fakeidp/control"
)

// Lifetimes. The lifetimes of access tokens and refresh tokens are settings of the issuer.
const (
	codeLifetime    = time.Minute // RFC 6749, section 4.1.2: ten minutes at most
	codeMemory      = time.Hour   // how long a second use is recognised
	accessLifetime  = time.Hour
	refreshLifetime = 14 * 24 * time.Hour
	idTokenLifetime = 5 * time.Minute
	choiceLifetime  = 10 * time.Minute
)

// maxOffset bounds the offset of a clock, so that times remain valid in JSON and in ID tokens.
const maxOffset = 10 * 365 * 24 * time.Hour

// A clockState is the setting of a clock that is not that of the provider.
type clockState struct {
	offset time.Duration
	frozen time.Time // zero if the clock runs
}

// now returns the time of the issuer. All code that compares or stores a time calls it.
func (is *issuer) now() time.Time {
	s := is.clockSetting.Load()
	if s == nil {
		return is.clock()
	}
	if !s.frozen.IsZero() {
		return s.frozen.Add(s.offset)
	}
	return is.clock().Add(s.offset)
}

// setClock sets the clock. A clock that is frozen already stays frozen at the same time, apart from the offset.
func (is *issuer) setClock(c control.ClockSetting) error {
	limit := int(maxOffset / time.Second)
	if c.OffsetSeconds < -limit || c.OffsetSeconds > limit {
		return fmt.Errorf("offset_seconds: %d: want %d to %d", c.OffsetSeconds, -limit, limit)
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	old := is.clockSetting.Load()
	s := &clockState{offset: time.Duration(c.OffsetSeconds) * time.Second}
	switch {
	case c.Frozen && old != nil && !old.frozen.IsZero():
		s.frozen = old.frozen
	case c.Frozen:
		s.frozen = is.clock()
	case s.offset == 0:
		s = nil
	}
	is.clockSetting.Store(s)
	return nil
}

// describeClock returns the clock in the form of the management API.
func (is *issuer) describeClock() control.Clock {
	c := control.Clock{Now: is.now().UTC()}
	if s := is.clockSetting.Load(); s != nil {
		c.OffsetSeconds, c.Frozen = int(s.offset/time.Second), !s.frozen.IsZero()
	}
	return c
}
