# Every target with a ## comment is listed by `make help`. People and .ci/run use the same ones.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
GO          ?= go
BIN         := bin
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 3s
FUZZFLAGS   ?= -fuzzminimizetime=10x
SOAK        ?= 10m
STATEMENTS  ?= 10000
EVENTS      ?= 5 15 50
SEED        ?= 1

# A C compiler gives the Postgres parser in C, in place of WebAssembly; OpenBLAS faster matrices than gonum's.
# Each is used where this machine has it. CC=none builds without a C compiler.
CC          ?= cc
HAVE_CC     := $(shell command -v $(CC) >/dev/null 2>&1 && echo yes)
HAVE_BLAS   := $(if $(HAVE_CC),$(shell echo 'void openblas_set_num_threads(int); int main(void) { openblas_set_num_threads(1); return 0; }' | $(CC) -x c -o /dev/null - -lopenblas 2>/dev/null && echo yes))
TAGS        := $(if $(HAVE_BLAS),openblas)
export CGO_ENABLED := $(if $(HAVE_CC),1,0)
BUILDFLAGS  := -tags=$(TAGS)

# The race detector looks at the packages that share memory between goroutines; it needs a C compiler.
RACE        := ./server/... ./catalog/... ./engine/internal/... ./engine/training/... ./internal/postgres/...
# Without cgo these differ: the parser, all that parses with it, and the BLAS.
PUREGO      := ./sqlfuncs/syntax/... ./sqlfuncs/calls/... ./sqlfuncs/rewrite/... ./engine/blas/... ./engine/models/...

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: found
found:
	@command -v $(GO) >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl/"; exit 1; }
	@echo "parser: $(if $(HAVE_CC),libpg_query in C (found $(CC)),libpg_query in WebAssembly (no C compiler found))"
	@echo "BLAS:   $(if $(HAVE_BLAS),OpenBLAS,gonum in Go (no OpenBLAS found))"

.PHONY: build
build: found ## build bin/cvp with what this machine has
	$(GO) build $(BUILDFLAGS) -o $(BIN)/cvp ./cmd/cvp

.PHONY: build-purego
build-purego: ## build bin/cvp-purego, which needs no C compiler and no library
	CGO_ENABLED=0 $(GO) build -o $(BIN)/cvp-purego ./cmd/cvp

.PHONY: demo
demo: build ## a private Postgres with real customers, a tour, then a server to try (DEMO=--once ends after the tour)
	$(BIN)/cvp demo $(DEMO)

.PHONY: test
test: found lint build unit-all test-purego race fuzz build-purego ## everything that must hold before a change is taken
	@echo "all tests passed"

.PHONY: unit
unit: found ## the tests that take seconds
	$(GO) test $(BUILDFLAGS) -short ./...

.PHONY: unit-all
unit-all: found ## all tests, with real Postgres clusters and the whole demo
	$(GO) test $(BUILDFLAGS) ./...

.PHONY: clients
clients: found ## other people's clients and dbt, driven through the server (psql, Python from PyPI, Node and Java where found)
	$(GO) test $(BUILDFLAGS) -count=1 -v ./internal/clients

.PHONY: test-purego
test-purego: ## the tests of what differs without a C compiler
	CGO_ENABLED=0 $(GO) test -short $(PUREGO)

.PHONY: race
race: ## tests under the race detector
	@if [ -z "$(HAVE_CC)" ]; then echo "race: left out, it needs a C compiler"; \
	else echo "$(GO) test -race -short $(RACE)"; $(GO) test $(BUILDFLAGS) -race -short $(RACE); fi

# Without cgo: an instrumented build would compile the parser's C once more.
define FUZZ
@targets=$$(grep -rHoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' --exclude-dir=.git $(FUZZED)); \
while IFS=: read -r file target; do \
	target=$${target#func }; package=$$(dirname "$$file"); \
	echo "fuzz $$package $$target"; \
	CGO_ENABLED=0 $(GO) test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) $(FUZZFLAGS) "$$package"; \
done <<< "$$targets"
endef

.PHONY: fuzz
fuzz: FUZZED := .
fuzz: ## every fuzz target for FUZZTIME (3s) each
	$(FUZZ)

.PHONY: fuzz-wire
fuzz-wire: FUZZED := ./server ./sqlfuncs/calls
fuzz-wire: ## those of what a client sends; FUZZTIME=10m is what counts
	$(FUZZ)

.PHONY: fuzz-sql
fuzz-sql: ## STATEMENTS (10000) random ones with calls, compared with functions of Postgres's own
	$(GO) test $(BUILDFLAGS) -timeout=60m -run=Random ./internal/sqlcheck -v -args -statements=$(STATEMENTS) -seed=$(SEED)

.PHONY: soak
soak: build ## faults at full size, and SOAK (10m) of mixed work by 64 clients, killed connections, restarts of Postgres
	CVP_TEST_FAULTS=full $(GO) test $(BUILDFLAGS) -run='Vanish|NobodyReads|OnlyAnnounced|LongMessages|LargeValues|ManySmall|BackendThatFails' ./server
	$(GO) run ./internal/soak --server $(BIN)/cvp --duration $(SOAK) --clients 64

.PHONY: lint
lint: ## formatting, go vet and staticcheck
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet $(BUILDFLAGS) ./...
	$(GO) run $(STATICCHECK) $(BUILDFLAGS) ./...

.PHONY: bench
bench: build ## scoring a million rows through SQL, and the engine's own benchmarks
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp statements
	$(GO) test $(BUILDFLAGS) -run='^$$' -bench=. -benchmem ./engine/... ./server/... ./sqlfuncs/...

.PHONY: bench-memory
bench-memory: build ## peak memory of the server while it scores ten million keys
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp memory

.PHONY: bench-plpython
bench-plpython: build ## a million rows beside scikit-learn in PL/Python (postgresql-plpython3, and scikit-learn for its interpreter)
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp plpython

.PHONY: bench-gbdt
bench-gbdt: ## boosted trees beside LightGBM on a million rows, whose Python is PYTHON (with lightgbm, numpy); without, alone
	$(GO) run $(BUILDFLAGS) ./internal/bench/boosting $(if $(PYTHON),--python $(PYTHON))

.PHONY: bench-journey
bench-journey: build ## quality and memory on The Complete Journey, whose folder is JOURNEY
	@if [ -z "$(JOURNEY)" ]; then echo "bench-journey: name the folder of the data set: make bench-journey JOURNEY=..."; exit 1; fi
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp journey $(JOURNEY)

.PHONY: bench-features
bench-features: build ## features of The Complete Journey (JOURNEY) from Postgres; with PYTHON and PEER beside the peer's program
	@if [ -z "$(JOURNEY)" ]; then echo "bench-features: name the folder of the data set: make bench-features JOURNEY=..."; exit 1; fi
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp features $(JOURNEY) $(if $(PYTHON),--python $(PYTHON)) $(if $(PEER),--peer $(PEER))

.PHONY: bench-events
bench-events: build ## training on EVENTS (5 15 50) million synthetic events and scoring all customers, in cvp.work_mem 512MB
	$(GO) run $(BUILDFLAGS) ./internal/bench --server $(BIN)/cvp events $(EVENTS)

.PHONY: bench-idle
bench-idle: build ## memory of 5,000 idle sessions
	$(GO) run ./internal/soak idle --server $(BIN)/cvp

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
