# Daily commands; meson and ninja do the work. `make help` lists them.
# The one that pyexec-guest embeds, whatever comes first on PATH.
PYTHON := /usr/bin/python3
ARGS ?=

.PHONY: all image run test test-long test-asan test-container test-vm bench deb lint format clang docs docs-examples install clean help

all: ## build into build/, programs in build/bin/
	@scripts/install-deps build
	@scripts/build build

run: ## install what is missing, build, serve on 127.0.0.1:8080 (PYEXEC_LISTEN=address:port, ARGS="--setting=value")
	@scripts/install-deps build run
	@scripts/build build
	@scripts/run $(ARGS)

test: ## all set-up and a slice of every suite, within ten minutes
	@scripts/install-deps build run test bench
	@$(PYTHON) scripts/test short

test-long: ## everything, for hours; a dated report in tests/reports/; ARGS=--continue goes on after one that was ended
	@scripts/install-deps build run test bench analysis
	@$(PYTHON) scripts/test long $(ARGS)

test-asan: ## the integration tests with front and keeper under ASan and UBSan
	@scripts/install-deps build run test
	@$(PYTHON) scripts/test asan

bench: ## measure the service beside its peers (ARGS=--quick for a look): table, bench/results/, docs/performance.md
	@scripts/install-deps build run bench
	@scripts/bench $(ARGS)

deb: ## the Debian package, held to lintian, into build/deb/
	@scripts/install-deps build run deb
	@scripts/make-deb

image: ## the Docker image python-code-runner
	@docker build -t python-code-runner .

test-container: ## build the image and test it in every way of running it; ARGS="--modes plain,user-locked --slice"
	@scripts/install-deps build run test
	@$(PYTHON) scripts/test-container $(ARGS)

test-vm: ## the suites on a Debian with its own kernel, in a virtual machine; ARGS="--suite trixie", ARGS=--all
	@scripts/test-vm $(ARGS)

lint: ## formatting, clang-tidy, shellcheck
	@scripts/install-deps build run test analysis
	@scripts/lint

format: ## put all C sources into the form that lint wants
	@scripts/install-deps test
	@find src tests bench -name '*.[ch]' -exec clang-format -i {} +

clang: ## build with clang into build-clang/ and run the unit tests there
	@scripts/install-deps build run test analysis
	@CC=clang scripts/build build-clang -Dtests=true -- all bench/bench-load bench/bench-floor
	@meson test -C build-clang --no-rebuild --print-errorlogs --quiet

docs: all ## write the table of settings into docs/configuration.md
	@$(PYTHON) scripts/update-docs

docs-examples: all ## run the examples of the documents and write what they print
	@$(PYTHON) scripts/update-docs-examples

install: all ## install below /usr/local (DESTDIR and `meson configure build -Dprefix=...` as usual)
	@meson install -C build --no-rebuild

clean: ## remove every build directory
	@rm -rf build build-*

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
