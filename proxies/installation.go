package proxies

// An Installation names the programs and files that proxies need, if they are in unusual
// places. An empty member means the default.
type Installation struct {
	Nginx   string // path or name of nginx, for both runners
	Apache  string // path or name of apache2 or httpd, for both runners
	Modules string // folder of Apache's modules, for both runners
	// Image is the image of containers. It must have nginx and apache2 in its PATH. Only
	// the packages of Debian have been tested.
	Image string
}

// Environment variables for the members of an Installation.
const (
	EnvNginx   = "COUNTERSIGN_NGINX"
	EnvApache  = "COUNTERSIGN_APACHE"
	EnvModules = "COUNTERSIGN_APACHE_MODULES"
	EnvImage   = "COUNTERSIGN_PROXY_IMAGE"
)

// InstallationFrom returns the installation that environment variables describe. getenv
// returns the value of a variable, or "", as os.Getenv does.
func InstallationFrom(getenv func(string) string) Installation {
	return Installation{
		Nginx: getenv(EnvNginx), Apache: getenv(EnvApache), Modules: getenv(EnvModules), Image: getenv(EnvImage),
	}
}
