package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"countersign/steps/driver"
	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// Bounds of the wait for the first answer of a process.
const (
	readyTimeout = 30 * time.Second
	shortReady   = 10 * time.Second // for further instances, where none was ready
	quickReady   = 5 * time.Second  // for further instances at least, where others were ready
)

// OperatorGroup is the group of the administrator of each instance.
const OperatorGroup = "operators"

// An Instance is a process of the server under test that scenarios use.
type Instance struct {
	*plan.Instance
	Configuration plan.Configuration // what it runs with; a scenario may restart it with another
	Subject       driver.Subject

	address  string          // of a server that the suite did not start
	operator *driver.Persona // the administrator, identified by an API key

	quiet     sync.RWMutex // held for writing by a scenario that must be alone
	start     sync.Once
	err       error // why it cannot be used
	placed    bool  // it holds a slot
	process   equipment.Instance
	dir       string
	remaining int // scenarios that will use it

	queued  time.Duration          // how long it waited for its slot
	flooded atomic.Bool            // it was stopped because of the length of its log
	failure atomic.Pointer[string] // the way in which it failed last
	silent  int                    // scenarios in a row without an answer
	givenUp *verdict.Block         // why no further scenario uses it
}

// At returns an instance that is not started, with its files in a folder.
func At(planned *plan.Instance, dir string) *Instance {
	return &Instance{Instance: planned, Configuration: planned.Configuration, dir: dir}
}

// Operator returns the administrator of the instance, whose requests go to the recorder.
func (i *Instance) Operator(r *transcript.Recorder) *driver.Persona { return i.operator.On(r) }

// Address returns the public base URL of the instance.
func (i *Instance) Address() string {
	if i.address != "" {
		return i.address
	}
	return i.Instance.Address()
}

// PublishedAddress returns the address at which the configuration publishes the server, with a
// slash at its end.
func (i *Instance) PublishedAddress() string {
	if written := i.Configuration.Get("Server", "Address"); written != "" {
		return strings.TrimSuffix(written, "/") + "/"
	}
	return i.Address()
}

// Log returns the path of the instance's log.
func (i *Instance) Log() string { return filepath.Join(i.dir, "server.log") }

// Logs returns the paths of the log and of what the process writes to its standard streams.
func (i *Instance) Logs() []string { return []string{i.Log(), i.Log() + ".output"} }

// Flooded reports whether the instance was stopped because it wrote more than [MaxLog] octets.
func (i *Instance) Flooded() bool { return i.flooded.Load() }

func (i *Instance) data() string { return filepath.Join(i.dir, "data") }

// join makes use of a server that the suite did not start. Such a server can serve the
// scenarios of the configuration that it runs with.
func (i *Instance) join(r target.Running) error {
	s, err := openRunning(r, i.Front)
	if err != nil {
		return err
	}
	if !s.configuration.Same(i.Configuration) {
		return &verdict.Inapplicable{Reason: "the server runs with another configuration"}
	}
	i.address, i.Subject, i.operator = s.address, s.subject, s.operator
	return nil
}

func (i *Instance) prepare() error {
	if err := os.MkdirAll(i.data(), 0o700); err != nil {
		return err
	}
	subject, err := driver.NewSubject(i.Address(), i.Upstream(), i.Front)
	if err != nil {
		return err
	}
	if written := i.Configuration.Get("Server", "Address"); written != "" {
		if subject, err = subject.SeenAt(written); err != nil {
			return err
		}
	}
	i.Subject = subject
	return nil
}

// createOperator signs the operator in on a fresh instance, with every identity header that
// the configuration names, and creates an API key for it. The operator never signs in by
// header again.
func (i *Instance) createOperator(ctx context.Context, c plan.Configuration) error {
	identity := driver.Identity{
		Username: "operator", UniqueID: "id-operator", FirstName: "Olga", LastName: "Operator",
		Email: "operator@example.com", Role: "administrator", Groups: []string{OperatorGroup},
	}
	p := driver.NewPersona(i.Subject.WithoutProxy(), "operator", identity, c.Headers, nil)
	guid, err := signInOperator(ctx, p)
	switch {
	case err != nil && ctx.Err() != nil:
		return waitEnded(ctx, "sign the operator in at "+i.Name())
	case err != nil:
		return i.blockedBySubject("the operator cannot sign in: %v", err)
	}
	reply, err := p.CreateKey(ctx, guid, "made by operator")
	switch {
	case err != nil && ctx.Err() != nil:
		return waitEnded(ctx, "create the operator's API key at "+i.Name())
	case err != nil:
		return i.blockedBySubject("the operator cannot create an API key: %v", err)
	case !p.HasKey():
		return i.blockedBySubject("the operator cannot create an API key: %v", reply.Summary())
	}
	i.operator = p.WithKey().Through(i.Subject)
	return nil
}

func signInOperator(ctx context.Context, p *driver.Persona) (guid string, err error) {
	reply, err := p.SignIn(ctx)
	if err != nil {
		return "", err
	}
	if !p.IsCaller(reply) {
		return "", errors.New("signing in was not granted: " + reply.Summary())
	}
	return reply.Text("guid"), nil
}

// awaitReady waits for the first answer of the process, or for its end.
func (i *Instance) awaitReady(ctx context.Context, limit time.Duration) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := driver.AwaitReady(limited, i.Subject, i.process.Exited())
	switch {
	case err == nil:
		return i.checkListener()
	case i.HasExited() && i.process.ExitError() == nil:
		return i.blockedBySubject("it ended with exit code 0 before it answered; launch.command must stay in the foreground until SIGTERM")
	case i.HasExited():
		return i.blockedBySubject("it ended before it answered (%v)", i.process.ExitError())
	case errors.Is(context.Cause(ctx), ErrScenarioTime):
		return i.blockedBySubject("it had not answered GET /__ping__ when %v (%v)", ErrScenarioTime, err)
	case ctx.Err() != nil:
		return waitEnded(ctx, "await the first answer of "+i.Name())
	default:
		return i.blockedBySubject("it gave no answer to GET /__ping__ within %s (%v)", limit, err)
	}
}

// ScenarioTimeout bounds one scenario.
const ScenarioTimeout = 60 * time.Second

// ErrScenarioTime is the cause of a context that [ScenarioTimeout] has ended.
var ErrScenarioTime = fmt.Errorf("the scenario took longer than %s", ScenarioTimeout)

// waitEnded is the error of a wait that the suite itself has ended, which says nothing about
// the server under test.
func waitEnded(ctx context.Context, op string) error {
	return &verdict.Trouble{Op: op, Err: context.Cause(ctx)}
}

// checkListener returns an error if another process than the server under test listens at its
// address: replies of that process must not be judged.
func (i *Instance) checkListener() error {
	if err := i.process.CheckListener(i.Listen); err != nil {
		return &verdict.Trouble{Op: i.Name(), Err: err}
	}
	return nil
}

// HasExited reports whether the process has ended.
func (i *Instance) HasExited() bool {
	select {
	case <-i.process.Exited():
		return true
	default:
		return false
	}
}

// EndOf returns a block if a request was not answered because the process is ending, else nil.
// A connection can break a moment before the end of the process is known, so EndOf waits for a
// moment; a request that timed out does not indicate an end.
func (i *Instance) EndOf(silence *driver.NoAnswer) error {
	if i.process == nil || errors.Is(silence.Err, context.DeadlineExceeded) {
		return nil
	}
	const reaping = 500 * time.Millisecond
	timer := time.NewTimer(reaping)
	defer timer.Stop()
	select {
	case <-i.process.Exited():
		return i.blockedBySubject("it ended while a scenario ran (%v)", i.process.ExitError())
	case <-timer.C:
		return nil
	}
}

// blockedBySubject returns a block for which the server is responsible. Its reason contains
// the end of the log.
func (i *Instance) blockedBySubject(format string, args ...any) error {
	said := fmt.Sprintf(format, args...)
	if i.flooded.Load() {
		format, said = LogTooLong(), LogTooLong()
	}
	i.failure.Store(&format)
	reason := i.Name() + ": " + said
	for _, file := range i.Logs() {
		if tail := logTail(file); tail != "" {
			reason += "; its log ends:\n" + tail
		}
	}
	return &verdict.Block{Reason: reason, BySubject: true}
}

// failureKind returns in which way the instance failed: the format given to blockedBySubject,
// or the reason of a block that was made without it.
func (i *Instance) failureKind(block *verdict.Block) string {
	if format := i.failure.Load(); format != nil {
		return *format
	}
	return block.Reason
}
