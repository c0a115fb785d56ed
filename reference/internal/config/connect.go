package config

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// withoutEffect holds, by section, the options of Connect that this server does not implement, for sections that it
// does implement. The names come from the public documentation of Connect and from public configuration files. The
// server warns of each of them once, so that an operator can try the file that Connect reads.
var withoutEffect = map[string][]string{
	"Server": strings.Fields(`
		AllowConfirmedUsers ContentTypeSniffing CustomHeader DefaultContentListView EmailProvider EmailTo
		FrameOptionsContent FrameOptionsDashboard HideEmailAddresses HideVersion HideViewerDocumentation JumpStartEnabled
		LandingDir LoggedInWarning MailAll ProxyHeaderLogging PublicWarning RootRedirect SenderEmail
		SenderEmailDisplayName SourcePackageDir SystemDisplayName TempDir ViewerKiosk`),
	"HTTP": strings.Fields(`ForceSecure NoWarning`),
	"Authentication": strings.Fields(`
		APIKeyAuth APIKeyBcryptCost BasicAuth ChallengeResponseEnabled CookieSameSite Inactivity
		InsecureDefaultUserAPIKey Name Notice WarningDelay`),
	"Authorization": strings.Fields(`
		PublishersCanManageVanities PublishersCanUploadBundles UsernameValidator ViewersCanRequestPrivileges
		ViewOnDemandReports`),
	"Database": strings.Fields(`MigrationTimeout SeedMigrations`),
	"SQLite":   strings.Fields(`Backup BackupFrequency BackupRetentionLimit`),
	"Postgres": strings.Fields(`
		ConnectionMaxLifetime InstrumentationPassword InstrumentationURL MaxIdleConnections MaxOpenConnections Password`),
	"Logging": strings.Fields(`AccessLog AccessLogFormat AuditLog AuditLogFormat ChronicleLog`),
}

// otherSections holds the sections of Connect that have no effect on this server.
var otherSections = strings.Fields(`
	Applications Bootstrap Branding Chronicle Client CORS Debug Git GitCredential HTTPRedirect HTTPS Jobs LDAP Launcher
	Licensing LoadBalancing Metrics Nameservice Nodejs OAuth2 OAuthIntegrations OpenTelemetry PAM Packages Password Python
	Quarto R RPackageRepository Runtime SAML SMTP Scheduler Security Sendmail TableauIntegration TensorFlow Usage`)

// implementedSections returns the names of the sections that have an effect.
func implementedSections() []string {
	var names []string
	for _, s := range sections {
		names = append(names, s.name)
	}
	return names
}

// implementedOptions returns the names of the section's options that have an effect.
func (s *section) implementedOptions() []string {
	var names []string
	for _, k := range s.keys {
		names = append(names, k.name)
	}
	return names
}

// spelling returns the entry of the list that equals name, ignoring case, in the spelling of the list, or "".
func spelling(list []string, name string) string {
	i := slices.IndexFunc(list, func(known string) bool { return strings.EqualFold(known, name) })
	if i < 0 {
		return ""
	}
	return list[i]
}

// nearestOption returns "Section.Option" of the known option that is most similar to an unknown one: the same name in
// another section, or otherwise the most similar name in the same section.
func nearestOption(s *section, name string) string {
	for i := range sections {
		if found := spelling(append(sections[i].implementedOptions(), withoutEffect[sections[i].name]...), name); found != "" {
			return sections[i].name + "." + found
		}
	}
	return s.name + "." + nearest(name, append(s.implementedOptions(), withoutEffect[s.name]...))
}

// nearest returns the first candidate with the smallest edit distance from name, ignoring case.
func nearest(name string, candidates []string) string {
	const longest = 64 // limits the compared text, because names in the file have no length limit
	name = strings.ToLower(name[:min(len(name), longest)])
	return slices.MinFunc(candidates, func(a, b string) int {
		return levenshtein.Distance(name, strings.ToLower(a), nil) - levenshtein.Distance(name, strings.ToLower(b), nil)
	})
}
