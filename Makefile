# Countersign. `make` alone lists the targets; each is a line that a person
# could type. Nothing is downloaded but Go modules and Debian packages (and a
# Debian base image, where a registry answers).
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules --no-print-directory

# More flags for the suite: make conform ARGS='--front direct --rule PA-034'
ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build the programs into bin/
	go build -o bin/ ./cmd/...

.PHONY: images
images: ## Build the images of the proxies and of Postgres, unless they are there
	@.ci/image proxies
	@.ci/image postgres

.PHONY: deps
deps: ## Prepare what a run needs: the image where Docker answers, else packages
	@.ci/deps

.PHONY: conform
conform: deps build ## Run the whole suite against the reference server; the report is in report/
	bin/countersign run --report report $(ARGS)

.PHONY: check
check: ## go vet, gofmt, and the catalogue against the features
	go vet ./...
	@unformatted=$$(gofmt -l cmd fakeidp features proxies reference steps); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	go run ./cmd/countersign rules --check

.PHONY: test
test: ## All tests, and the suite with containers, with processes, with a -race server, and with Postgres
	@.ci/deps --all
	@$(MAKE) check build
	go test -race -timeout 10m ./...
	go test -timeout 15m -run '^TestWholeRuns' ./cmd/countersign
	@.ci/suite

# How many inputs each target is tried with, or for how long: make fuzz FUZZTIME=10m.
# The default is a number, because before Go 1.27 a duration now and then ends with
# "context deadline exceeded" and no failing input (go.dev/issue/75804).
FUZZTIME ?= 50000x

.PHONY: fuzz
fuzz: ## Fuzz what reads foreign bytes: headers, groups, configurations, signatures
	go test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/proxyauth
	go test -run '^$$' -fuzz '^FuzzGroups$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/proxyauth
	go test -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/config
	go test -run '^$$' -fuzz '^FuzzVerify$$' -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./reference/internal/signature

# More flags for the mutation tester: make mutate MUTATE='--sample 0 --seed 7'
MUTATE ?=

.PHONY: mutate
mutate: build ## Run the suite against wrong servers: every named fault, and a sample of generated mutants
	bin/countersign-mutate all --out report/mutation $(MUTATE)

.PHONY: mutate-quick
mutate-quick: build ## Run every named fault with the scenarios that cite its rules, as CI does
	bin/countersign-mutate faults --quick --out report/mutation $(MUTATE)

.PHONY: clean
clean: ## Remove what was built and reported
	rm -rf bin report
