// Package cmd holds the programs of Countersign, and on this page the map of
// the whole. There is nothing to import here.
//
// # Programs
//
//   - countersign: the suite. It runs the features against a subject, and holds
//     the smaller tools around that: doctor, rules, idp, proxy.
//   - countersign-server: the reference server. It links neither the suite nor
//     containers: a server has no business with its judge, and starts faster.
//   - countersign-probe: the content program that subjects run, with the
//     standard library only.
//   - countersign-mutate: the mutation tester. It builds wrong versions of the
//     reference server, and runs countersign against each of them.
//
// # Rooms
//
//   - features: the specification. Features in Gherkin and the rule catalogue.
//   - steps: the suite, which knows its subject by URL, configuration file,
//     process, log and command line only. One public door: steps.Run.
//     Within it: plan (features to scenarios, configurations, instances, fronts,
//     ports), target (what is under test), rules (the catalogue), driver (verbs
//     to HTTP), transcript (what went over the wire, marks of secrets sought,
//     then redacted), verdict (outcomes), report (what is published), probe (the
//     content program); the sentences are in say_*.go.
//   - reference: the reference server. One public door: Config, New, Run; the
//     rest is internal. reference/faults holds the named faults and the accepted
//     survivors of the mutation tester, as data.
//   - fakeidp: the OAuth provider, strict by default, and fakeidp/control, its
//     management API.
//   - proxies: real nginx and Apache, in containers or as processes, and the
//     login server that the documented examples expect. proxies/process starts,
//     supervises, accounts for and sweeps operating-system processes; proxies,
//     cmd/countersign and cmd/countersign-mutate use it.
//   - cmd: wiring. Flags, environment, processes, exit codes.
//
// # Who may import whom
//
//	cmd/countersign        -> steps, features, fakeidp, proxies   never reference
//	cmd/countersign-server -> reference only
//	cmd/countersign-probe  -> steps/probe only
//	cmd/countersign-mutate -> proxies/process only: it builds and runs the programs
//	steps                  -> features, steps, fakeidp/control
//	reference              -> reference only; account uses proxyauth, which says
//	                          what an identity is
//	fakeidp                -> fakeidp only
//	proxies                -> proxies only; proxies/process -> nothing of ours
//	features               -> nothing of ours
//
// The suite is black-box: constants shared between judge and judged hide shared
// mistakes, so the server and the suite spell each header name for themselves.
// What the suite is lent (proxies, a provider, processes of the subject) comes
// through steps.Equipment, which cmd/countersign implements. boundary_test.go
// executes this law.
//
// # Where a line goes
//
// A sentence's words: steps/say_*.go. How it becomes HTTP: steps/driver. What
// counts as broken: the rule's text in features/rules.tsv, the comparison in
// say_*.go. What a header means to the server: reference/internal/proxyauth. What
// a user is: reference/internal/account. What signed a request: reference/internal/signature.
// SQL: reference/internal/store. Status codes: reference/internal/web. Processes of
// the operating system: proxies/process. Flags and environment: here. Where it fits
// nowhere the map is wrong: mend the map first.
package cmd
