// Package cmd contains the programs of Countersign. This page is the map of the project; the
// package itself exports nothing.
//
// # Programs
//
//   - countersign: the suite. It runs the features against a server, and contains the smaller
//     tools around that: doctor, rules, tables, report, idp, proxy.
//   - countersign-server: the reference server. It links neither the suite nor the container
//     libraries: it starts faster and shares no code with the program that tests it.
//   - countersign-probe: the content program that servers run. Standard library only.
//   - countersign-mutate: the mutation tester. It builds faulty versions of the reference server
//     and runs countersign against each of them.
//
// # Packages
//
//   - features: the specification. Features in Gherkin, the rule catalogue and the list of options.
//   - steps: the suite. It knows the server under test by URL, configuration file, process, log
//     and command line only. steps.Run is the only entry point. The package itself contains the
//     step definitions, one file for each subject; parameters.go has their parameter types.
//   - steps/vocabulary: how a step is declared (an expression and a function with typed
//     parameters) and how the steps of features are resolved before anything starts.
//   - steps/scenario: the state of one scenario and what its steps do: people, content,
//     integrations, groups, the provider's issuer, the compared requests, the server and its log.
//   - steps/check: assertions. Pure functions from observations to a violation; one table test
//     sees each of them fail.
//   - steps/runner: one run. Fronts, godog, executions of scenarios, reconciliation, report.
//   - steps/instance: the instances of the server under test: pool, leases, start, restart, log,
//     giving up a server that does not answer.
//   - steps/equipment: what the suite is given to work with, as an interface that cmd/countersign
//     implements.
//   - steps/arrival: what reached the server behind a proxy under test, as plain data, and the
//     interface of the recording server.
//   - steps/plan: features to scenarios, configurations, instances, fronts and ports.
//   - steps/rules: the catalogue, and its comparison with the features.
//   - steps/target: the description of what is under test.
//   - steps/driver: verbs to HTTP, for browsers and other clients.
//   - steps/transcript: what went over the wire, searched for secrets and then redacted.
//   - steps/verdict: outcomes and kinds of errors.
//   - steps/report: the published result; page writes it as HTML, sarif as SARIF, and
//     cucumber writes a run as Cucumber Messages. page/pagetest opens pages in a browser, for tests.
//   - steps/tables: tables of behaviour and a static site, from features, catalogue and reports.
//   - steps/probe: the content program.
//   - reference: the reference server. Config, New and Run are its API; the rest is internal.
//     reference/faults contains the named faults and the accepted survivors of the mutation
//     tester, as data.
//   - fakeidp: the OAuth provider, strict by default, and fakeidp/control, its management API.
//   - proxies: real nginx and Apache, in containers or as processes, and the login server that
//     the documented examples expect. proxies/process starts, supervises, accounts for and sweeps
//     operating-system processes; proxies, cmd/countersign and cmd/countersign-mutate use it.
//     proxies/upstream is the recording server behind a proxy under test. proxies/installed reads
//     the nginx or Apache configuration of an installation, and changes a copy of it so that it
//     runs in a private instance. proxies/faults contains
//     the named faults of the hardened configurations, and proxies/strangers target files for
//     haproxy and Caddy, which the suite does not configure.
//   - cmd: flags, environment, processes, exit codes.
//
// # Imports
//
//	cmd/countersign        -> steps, features, fakeidp, proxies   never reference
//	cmd/countersign-server -> reference only
//	cmd/countersign-probe  -> steps/probe only
//	cmd/countersign-mutate -> proxies/process only: it builds and runs the programs
//	steps                  -> features, steps/..., fakeidp/control
//	reference              -> reference only; account uses proxyauth, which reads identities
//	fakeidp                -> fakeidp only
//	proxies                -> proxies only; proxies/process -> nothing of ours
//	features               -> nothing of ours
//
// Inside steps, an arrow means "may import":
//
//	steps (definitions) -> vocabulary, scenario, check; run.go -> runner
//	runner              -> vocabulary, scenario, instance, equipment, plan, report, ...
//	scenario            -> check, instance, driver, transcript, probe, target, plan
//	instance            -> driver, equipment, plan, target, transcript
//	check               -> driver, probe and arrival for the types of observations, verdict
//	arrival             -> nothing of ours
//	vocabulary          -> plan, rules
//	driver              -> plan, probe, transcript
//
// Instances have a package of their own below scenario, and not a place in runner, because
// scenarios restart servers and read their logs: in this order no package needs an interface that
// only one other package implements. The table of boundary_test.go has the exact rules and
// executes them.
//
// The recording server is equipment like the login server: the suite receives it through
// steps.Equipment, and proxies/proxytest uses it directly. Neither steps nor proxies imports the
// other for it.
//
// The suite is black-box. A constant that suite and server share would hide a mistake in it, so
// each spells header names for itself. What the suite is given (proxies, a provider, processes of
// the server under test) comes through steps.Equipment.
//
// # Where a line goes
//
//   - The words of a step: steps/<subject>.go.
//   - What a step does, and what the scenario remembers of it: steps/scenario.
//   - How that becomes HTTP: steps/driver.
//   - How observed and expected are compared: steps/check.
//   - What a rule requires: features/rules.tsv. What an option means: features/options.tsv.
//   - What a header means to the server: reference/internal/proxyauth.
//   - What an option means to accounts and headers: reference/internal/policy.
//   - What a user is: reference/internal/account.
//   - What signed a request: reference/internal/signature.
//   - Who may do what with content: reference/internal/content. How its programs run:
//     reference/internal/content/execution.
//   - Where a request ends on a connection: reference/internal/framing.
//   - SQL: reference/internal/store. Status codes: reference/internal/web.
//   - Processes of the operating system: proxies/process.
//   - Flags and environment: cmd. environment_test.go checks it.
//
// If a line fits nowhere, the map is wrong: change the map first.
package cmd
