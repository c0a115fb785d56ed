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

	"countersign/steps/arrival"
	"countersign/steps/driver"
	"countersign/steps/equipment"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/transcript"
	"countersign/steps/verdict"
)

// Bounds of the wait for the first reply of a process.
const (
	readyTimeout = 30 * time.Second
	shortReady   = 10 * time.Second // for further instances, if none was ready
	quickReady   = 5 * time.Second  // the minimum for further instances, if others were ready
)

// OperatorGroup is the group of the administrator of each instance.
const OperatorGroup = "operators"

// An Instance is a process of the server under test that scenarios use.
type Instance struct {
	*plan.Instance
	Configuration plan.Configuration // of the current process; a scenario may restart it with another
	Subject       driver.Subject
	Behind        arrival.Server // the server behind the proxy under test, else nil

	address  string          // of a server that the suite did not start, else ""
	operator *driver.Persona // the administrator, identified by an API key

	quiet     sync.RWMutex // locked for writing by a scenario that must run alone
	start     sync.Once
	err       error // why the instance cannot be used
	placed    bool  // the instance holds a slot
	process   equipment.Instance
	dir       string
	remaining int // scenarios that have not released it yet

	queued  time.Duration          // the wait for the slot
	flooded atomic.Bool            // the process was stopped because of the length of its log
	failure atomic.Pointer[string] // the kind of the last failure
	silent  int                    // consecutive scenarios without a reply
	givenUp *verdict.Block         // why no further scenario uses the instance
}

// At returns an instance that is not started. dir is the folder of its files.
func At(planned *plan.Instance, dir string) *Instance {
	return &Instance{Instance: planned, Configuration: planned.Configuration, dir: dir}
}

// Operator returns the administrator of the instance. r records its requests.
func (i *Instance) Operator(r *transcript.Recorder) *driver.Persona { return i.operator.On(r) }

// Address returns the public base URL of the instance.
func (i *Instance) Address() string {
	if i.address != "" {
		return i.address
	}
	return i.Instance.Address()
}

// PublishedAddress returns the address at which the configuration publishes the server. It ends
// with a slash.
func (i *Instance) PublishedAddress() string {
	if written := i.Configuration.Get("Server", "Address"); written != "" {
		return strings.TrimSuffix(written, "/") + "/"
	}
	return i.Address()
}

// Log returns the path of the instance's log.
func (i *Instance) Log() string { return filepath.Join(i.dir, "server.log") }

// Logs returns the paths of the log and of the file with the output of the process.
func (i *Instance) Logs() []string { return []string{i.Log(), i.Log() + ".output"} }

// Flooded reports whether the instance was stopped because it wrote more than [MaxLog] octets.
func (i *Instance) Flooded() bool { return i.flooded.Load() }

func (i *Instance) data() string { return filepath.Join(i.dir, "data") }

// join connects the instance to a server that the suite did not start. Such a server serves only
// the scenarios of the configuration with which it runs.
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

// createOperator signs the operator in at a new instance, with every identity header that the
// configuration names, and creates an API key. The operator uses only the key after that.
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
		return "", errors.New("the server refused the sign-in: " + reply.Summary())
	}
	return reply.Text("guid"), nil
}

// awaitReady waits for the first reply of the process or for its end.
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

// ScenarioTimeout bounds the duration of a scenario.
const ScenarioTimeout = 60 * time.Second

// ErrScenarioTime is the cause of a context that [ScenarioTimeout] ended.
var ErrScenarioTime = fmt.Errorf("the scenario took longer than %s", ScenarioTimeout)

// waitEnded returns the error of a wait that the suite ended. The error does not concern the server
// under test.
func waitEnded(ctx context.Context, op string) error {
	return &verdict.Trouble{Op: op, Err: context.Cause(ctx)}
}

// checkListener returns an error if a process other than the server under test listens at its
// address. Replies of that process must not be attributed to the server.
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

// EndOf returns a block if a request received no reply because the process is ending, else nil. A
// connection can break shortly before the end of the process is known, so EndOf waits for the end.
// A request that timed out does not indicate that the process is ending.
func (i *Instance) EndOf(noAnswer *driver.NoAnswer) error {
	if i.process == nil || errors.Is(noAnswer.Err, context.DeadlineExceeded) {
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

// blockedBySubject returns a block that the server under test caused. Its reason contains the end
// of the log.
func (i *Instance) blockedBySubject(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if i.flooded.Load() {
		format, text = LogTooLong(), LogTooLong()
	}
	i.failure.Store(&format)
	reason := i.Name() + ": " + text
	for _, file := range i.Logs() {
		if tail := logTail(file); tail != "" {
			reason += "; its log ends:\n" + tail
		}
	}
	return &verdict.Block{Reason: reason, BySubject: true}
}

// failureKind returns the kind of the last failure: the format given to blockedBySubject, or the
// reason of block if blockedBySubject was not called.
func (i *Instance) failureKind(block *verdict.Block) string {
	if format := i.failure.Load(); format != nil {
		return *format
	}
	return block.Reason
}
