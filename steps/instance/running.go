package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"countersign/steps/driver"
	"countersign/steps/plan"
	"countersign/steps/target"
	"countersign/steps/verdict"
)

// A runningServer is a server that the suite did not start.
type runningServer struct {
	configuration plan.Configuration
	address       string // public address, ends with a slash
	subject       driver.Subject
	operator      *driver.Persona
}

// openRunning returns the server that a target describes.
func openRunning(r target.Running, front string) (*runningServer, error) {
	text, err := os.ReadFile(r.Config)
	if err != nil {
		return nil, &verdict.Trouble{Op: "read the configuration of the running server", Err: err}
	}
	s := &runningServer{address: strings.TrimSuffix(r.URL, "/") + "/"}
	if s.configuration, err = plan.ParseConfiguration(string(text)); err != nil {
		return nil, &verdict.Trouble{Op: "read " + r.Config, Err: err}
	}
	direct := r.Direct
	if direct == "" {
		direct = r.URL
	}
	if s.subject, err = driver.NewSubject(s.address, direct, front); err != nil {
		return nil, &verdict.Trouble{Op: "reach the running server", Err: err}
	}
	s.operator = driver.NewKeyHolder(s.subject, "operator", r.Key)
	return s, nil
}

// useProxySeat says how an operator tests a proxy, whose address is not that of a server.
const useProxySeat = "describe it in a target file with seat: proxy"

// arrivalTimeout bounds the requests of CheckRunning.
const arrivalTimeout = 15 * time.Second

// CheckRunning returns an error unless a running server can be tested: it must reply, accept the
// key and receive the identity header that the suite sends. If the address is that of a proxy, the
// proxy removes or replaces the header. Every scenario would then be blocked.
func CheckRunning(ctx context.Context, r target.Running, seed int64) error {
	ctx, cancel := context.WithTimeout(ctx, arrivalTimeout)
	defer cancel()
	s, err := openRunning(r, plan.Direct)
	if err != nil {
		return err
	}
	reply, err := s.operator.Whoami(ctx)
	if err != nil {
		return fmt.Errorf("running.url: the server at %s gives no answer: %w; start it, or correct running.url and running.direct", r.URL, err)
	}
	if !reply.Is(2) || reply.Text("guid") == "" {
		return fmt.Errorf("running.key: the server at %s does not accept the key: GET v1/user with it gives %s; give the API key of an administrator; if the address is that of a proxy that you want to test, %s", r.URL, reply.Summary(), useProxySeat)
	}
	if _, seeded := s.configuration.Seed(); seeded {
		return nil // with this configuration a new user cannot sign in
	}
	return s.checkArrival(ctx, r, seed)
}

// checkArrival signs a new user in by header. It returns an error if the header does not reach the
// server.
func (s *runningServer) checkArrival(ctx context.Context, r target.Running, seed int64) error {
	name := fmt.Sprintf("arrival-%s", plan.Consonants(uint64(seed)^uint64(time.Now().UnixNano())))
	identity := driver.Identity{Username: name, UniqueID: "id-" + name, Email: name + "@example.com"}
	headers := s.configuration.Headers
	p := driver.NewPersona(s.subject.WithoutProxy(), name, identity, headers, nil)
	reply, err := p.SignIn(ctx)
	if err != nil {
		return fmt.Errorf("running.url: the server at %s gives no answer to a request with identity headers: %w; correct running.url and running.direct", r.URL, err)
	}
	if p.IsCaller(reply) {
		return nil
	}
	header := headers.Username
	if headers.UniqueID != "" {
		header = headers.UniqueID
	}
	hint := "give running.direct, the address of the server behind the proxy"
	if r.Direct != "" {
		hint = "running.direct must be the address of the server itself"
	}
	return errors.New(strings.Join([]string{
		fmt.Sprintf("the identity header %s does not arrive at the server: a request that says %s=%s gets %s", header, header, name, reply.Summary()),
		"either the address is that of a proxy, which removes or replaces the header: " + hint + "; to test the proxy itself, " + useProxySeat,
		fmt.Sprintf("or the server reads another header than the file that running.config names (%s): give the file that it runs with", r.Config),
	}, "; "))
}
