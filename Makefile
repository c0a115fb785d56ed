# `make` without a target lists the targets. The targets download only Go modules,
# Debian packages and, if a registry answers, a Debian base image.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

# Programs without cgo start with less work, because no dynamic linker runs: the suite starts
# servers and content hundreds of times. Only the race detector needs cgo.
export CGO_ENABLED := 0

# ARGS are further flags for the suite: make conform ARGS='--front direct --rule PA-034'
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build the programs into bin/
	go build -o bin/ ./cmd/...

.PHONY: images
images: ## Build the images of the proxies and of Postgres, unless they exist
	@.ci/image proxies
	@.ci/image postgres

.PHONY: deps
deps: ## Build the image for the proxies if Docker answers, else install their packages
	@.ci/deps

.PHONY: conform
conform: deps build ## Run the whole suite against the reference server and write report/
	bin/countersign run --report report $(ARGS)

.PHONY: check
check: ## Run go vet and gofmt, and compare the catalogue with the features
	go vet ./...
	@unformatted=$$(gofmt -l cmd fakeidp features proxies reference steps); test -z "$$unformatted" || { echo "these files are not formatted; run gofmt -w on them:"; echo "$$unformatted"; exit 1; }
	go run ./cmd/countersign rules --check

.PHONY: test
test: ## Run all tests, and the suite with containers, processes, a -race server and Postgres
	@.ci/deps --all
	@$(MAKE) check build
	CGO_ENABLED=1 go test -race -timeout 10m ./...
	go test -timeout 15m -run '^TestWholeRuns' ./cmd/countersign
	@.ci/suite

# FUZZTIME is the number of inputs for each fuzz target, or the time: make fuzz FUZZTIME=10m.
# The default is a number, because before Go 1.27 fuzzing for a time sometimes fails with
# "context deadline exceeded" without a failing input (go.dev/issue/75804).
FUZZTIME ?= 50000x

.PHONY: fuzz
fuzz: ## Fuzz the parsers of headers, groups, configurations, signatures and requests
	go test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/proxyauth
	go test -run '^$$' -fuzz '^FuzzGroups$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/proxyauth
	go test -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/config
	go test -run '^$$' -fuzz '^FuzzVerify$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/signature
	go test -run '^$$' -fuzz '^FuzzFollow$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/framing
	go test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./proxies/installed

# MUTATE are further flags for the mutation tester: make mutate MUTATE='--sample 0 --seed 7'
MUTATE ?=

.PHONY: mutate
mutate: build ## Run the suite against faulty servers and proxies: all named faults and a sample of generated mutants
	go test -timeout 30m -run '^TestWholeRunsOfProxyFaults$$' ./cmd/countersign -args -whole
	bin/countersign-mutate all --out report/mutation $(MUTATE)

.PHONY: mutate-quick
mutate-quick: build ## Run all named faults with the scenarios that cite their rules, as CI does
	bin/countersign-mutate faults --quick --out report/mutation $(MUTATE)

.PHONY: clean
clean: ## Remove bin/ and report/
	rm -rf bin report
