package steps

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"countersign/steps/driver"
	"countersign/steps/verdict"
)

// sayKeys: how long an API key is valid, and what it permits.
var sayKeys = []sentence{
	{`{who} has an API key that expires in {n} seconds`, func(w *World, ctx context.Context, a []string) error {
		return w.makeExpiringKey(ctx, a[0], a[1])
	}},
	{`the key of {who} is refused once it has expired`, func(w *World, ctx context.Context, a []string) error {
		return w.keyExpires(ctx, a[0])
	}},
	{`{who} deletes {their} API keys`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		return granted("deleting the API keys of " + a[0])(p.DeleteKeys(ctx, p.guid))
	}},
	{`{who} asks for an API key with the role {value}`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		return w.call(p.CreateKeyAs(ctx, p.guid, driver.NewKey{Name: "as " + a[1], Role: a[1]}))
	}},
	{`{manager} {usekeys} of {who}`, func(w *World, ctx context.Context, a []string) error {
		return w.usesKeysOf(ctx, a[0], a[2], a[1] == "lists the API keys")
	}},
	{`{who} has no API key with the rights of an administrator`, func(w *World, ctx context.Context, a []string) error {
		return w.keyIsNoAdministrator(ctx, a[0])
	}},
	{`{who} {creates} content with {their} API key`, func(w *World, ctx context.Context, a []string) error {
		p, err := w.user(ctx, a[0])
		if err != nil {
			return err
		}
		return w.call(p.WithKey().CreateContent(ctx, w.name("draft-"+strconv.Itoa(len(w.attempts.all)))))
	}},
}

// usesKeysOf asks for an API key of a user, or lists the user's API keys. What is granted is the twin of what follows.
func (w *World) usesKeysOf(ctx context.Context, who, of string, list bool) error {
	p, err := w.manager(ctx, who)
	if err != nil {
		return err
	}
	owner, err := w.user(ctx, of)
	if err != nil {
		return err
	}
	use := p.ListKeys
	if !list {
		use = func(ctx context.Context, guid string) (*driver.Reply, error) {
			return p.RequestKey(ctx, guid, "made by somebody else")
		}
	}
	reply, err := use(ctx, owner.guid)
	if err == nil && reply.Is(2) {
		w.attempts.granted = reply
	}
	return w.attempt(reply, err)
}

// makeExpiringKey creates a key whose expiry time is counted from the time that the server shows in its reply to the sign-in.
func (w *World) makeExpiringKey(ctx context.Context, who, seconds string) error {
	n, err := strconv.Atoi(seconds)
	if err != nil {
		return &verdict.Trouble{Op: "read the number of seconds", Err: err}
	}
	p := w.stranger(who)
	if err := p.mustSignIn(ctx); err != nil {
		return err
	}
	w.personas[who] = p
	now, err := http.ParseTime(p.signedIn.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	expires := now.Add(time.Duration(n) * time.Second).UTC()
	w.keyExpiry = time.Now().Add(expires.Sub(now))
	return granted("creating an API key that expires")(p.CreateKeyAs(ctx, p.guid, driver.NewKey{Name: "made by " + who, Expires: &expires}))
}

// keyGrace is how long after its expiry time a key may still be accepted: the time of the server's reply has whole seconds.
const keyGrace = 2 * time.Second

// keyExpires calls the API with a key until the server refuses it.
func (w *World) keyExpires(ctx context.Context, who string) error {
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		reply, err := p.KeyWith(ctx)
		if err := w.attempt(reply, err); err != nil || !reply.Is(2) {
			if err == nil {
				err = w.isRefused()
			}
			return err
		}
		if late := time.Since(w.keyExpiry); late > keyGrace {
			return fail("a refusal of a key that has expired", "%s, %s after its expiry time", reply.Summary(), late.Round(time.Second))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return &verdict.Trouble{Op: "wait for the key to expire", Err: context.Cause(ctx)}
		}
	}
}

// keyIsNoAdministrator accepts that a key with a higher role was refused, or that the key that was created does not have it.
func (w *World) keyIsNoAdministrator(ctx context.Context, who string) error {
	if !w.attempts.tried.Is(2) {
		return w.isRefused()
	}
	p, err := w.user(ctx, who)
	if err != nil {
		return err
	}
	reply, err := p.WithKey().CreateUser(ctx, driver.NewUser{Username: w.name("made-by-" + who)})
	if err == nil && !reply.Is(4) {
		return fail(fmt.Sprintf("a key of %s that cannot create users", who), "%s", reply.Summary())
	}
	return err
}
