// Package pgtest provides a Postgres database for tests: one container for each test binary, started by the first
// test that needs it, and a new schema for each test. If no container can be started, tests are skipped. If CI is
// true they fail, because a skipped database test is easily mistaken for a passed one.
//
// A binary that uses it must contain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// Environment variables that a developer may set.
const (
	// EnvURL is the URL of a running database. Its user must have the right to create schemas.
	EnvURL = "COUNTERSIGN_POSTGRES_URL"
	// EnvImage is the name of an image that replaces the image of "make images".
	EnvImage = "COUNTERSIGN_POSTGRES_IMAGE"
)

//go:embed image/Dockerfile
var recipe []byte

// Image returns the name of the image that "make images" builds. .ci/image computes the same name.
func Image() string {
	if name := os.Getenv(EnvImage); name != "" {
		return name
	}
	sum := sha256.Sum256(recipe)
	return "countersign-postgres:" + hex.EncodeToString(sum[:])[:12]
}

// server is the database of this test binary.
var server struct {
	once sync.Once
	url  string
	err  error
	stop func() error
}

// Run runs the tests of a binary, removes the container if one was started, and returns the exit code.
func Run(m *testing.M) int {
	code := m.Run()
	if server.stop == nil {
		return code
	}
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: remove the container:", err)
		return max(code, 1)
	}
	return code
}

// URL returns the URL of a new and empty schema. If there is no database, the test is skipped, or fails if CI is
// true.
func URL(tb testing.TB) string {
	tb.Helper()
	server.once.Do(func() {
		if server.url = os.Getenv(EnvURL); server.url == "" {
			server.url, server.stop, server.err = start()
		}
	})
	if err := server.err; err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("NO POSTGRES, and CI is true: %v", err)
		}
		tb.Skipf("NOT TESTED ON POSTGRES: %v", err)
	}
	address, err := url.Parse(server.url)
	if err != nil {
		tb.Fatalf("%s is not a URL", EnvURL)
	}
	schema := newSchema(tb)
	query := address.Query()
	query.Set("search_path", schema)
	address.RawQuery = query.Encode()
	return address.String()
}

// newSchema creates a schema. It is removed after the test if EnvURL is set.
func newSchema(tb testing.TB) string {
	tb.Helper()
	schema := "test_" + strings.ToLower(rand.Text())
	if err := execute(tb.Context(), `CREATE SCHEMA `+schema); err != nil {
		tb.Fatalf("create a schema: %v", err)
	}
	if os.Getenv(EnvURL) != "" {
		tb.Cleanup(func() {
			if err := execute(context.WithoutCancel(tb.Context()), `DROP SCHEMA `+schema+` CASCADE`); err != nil {
				tb.Errorf("drop the schema: %v", err)
			}
		})
	}
	return schema
}

func execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, server.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// startTime bounds the start of the container, which takes a second on an idle machine.
const startTime = time.Minute

// start starts a container on a free port of the loopback interface and waits until the database answers. A container
// that outlives its test binary ends by itself: see the Dockerfile.
func start() (address string, stop func() error, err error) {
	repository, tag, _ := strings.Cut(Image(), ":")
	pool, err := dockertest.NewPool("")
	if err != nil {
		return "", nil, fmt.Errorf("find the Docker engine: %w", err)
	}
	if err := pool.Client.Ping(); err != nil {
		return "", nil, fmt.Errorf("no Docker engine answers (%w); start one, or name a database in %s", err, EnvURL)
	}
	// dockertest would request a missing image from a registry.
	if _, err := pool.Client.InspectImage(Image()); err != nil {
		return "", nil, fmt.Errorf("the engine has no image %s (%w); make images", Image(), err)
	}
	container, err := pool.RunWithOptions(&dockertest.RunOptions{
		Repository: repository, Tag: tag, Labels: map[string]string{"countersign": "pgtest"},
		PortBindings: map[docker.Port][]docker.PortBinding{"5432/tcp": {{HostIP: "127.0.0.1"}}},
	}, func(c *docker.HostConfig) {
		c.AutoRemove = true
		c.PublishAllPorts = false // otherwise the port is published on every address as well
	})
	if err != nil {
		return "", nil, fmt.Errorf("start %s: %w", Image(), err)
	}
	stop = container.Close // kills and removes; what it stored is worth nothing
	address = "postgres://countersign:countersign@" + container.GetHostPort("5432/tcp") + "/countersign?sslmode=disable"
	if err := await(address); err != nil {
		return "", nil, errors.Join(fmt.Errorf("await Postgres: %w", err), stop())
	}
	return address, stop, nil
}

// await connects repeatedly until the database answers.
func await(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err // the last error is the most useful one
		case <-tick.C:
		}
	}
}
