// Package config reads the gcfg file that Connect reads into a typed, validated
// configuration. It reports every problem at once, each with its place.
package config

// Config is the whole configuration of a server, valid and with defaults filled in.
type Config struct {
	Server struct {
		Address string // public URL with a trailing slash; "" when not configured
		DataDir string
	}
	HTTP           struct{ Listen string }
	Authentication struct{ Provider string } // "proxy" or "password"
}
