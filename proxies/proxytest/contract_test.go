package proxytest_test

import (
	"testing"

	"countersign/proxies"
	"countersign/proxies/proxytest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for _, kind := range []proxies.Kind{proxies.Nginx, proxies.Apache} {
		for _, runner := range []string{proxies.RunnerProcess, proxies.RunnerContainer} {
			t.Run(string(kind)+"/"+runner, func(t *testing.T) {
				t.Parallel()
				proxytest.Run(t, kind, runner)
			})
		}
	}
}
