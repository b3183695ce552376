# Training Monitor: everything here builds what it needs. `make` alone lists the targets.
# Wants GNU make and a Python of 3.11 or newer with venv; PYTHON=/path/to/python3 chooses one.

SHELL := /bin/sh
BIN := .venv/bin
SDK := .venv-sdk/bin
PIP_INSTALL := install --quiet --disable-pip-version-check --no-input --require-hashes
# Two more than there are cores, for many tests wait for a process.
JOBS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 2)))
PYTEST_ARGS ?=
LOCKS := requirements.lock runtime.lock build.lock $(wildcard tests/*/requirements.lock)
FUZZ_SECONDS ?= 60
# Where it is set, each process compiles 1,100 modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test check compiled lock clean sdk dist install-service year watchdog fuzz audit crash deletions soak

help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: .venv/.installed ## .venv with training-monitor in it (.venv/bin/training-monitor)

demo: .venv/.installed ## a living story in the terminal: two emulated platforms, 60 times as fast
	@$(BIN)/training-monitor demo

test: .venv/.installed .venv-sdk/.locked ## all checks and all tests
	@$(MAKE) --no-print-directory -j2 check compiled
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -rs $(PYTEST_ARGS)

check: .venv/.installed ## style, types, imports, no registry host in the tree
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache
	@if grep -n '://' $(LOCKS); then \
	  echo "a lock file names a host; make lock writes them without" >&2; exit 1; fi

compiled: .venv/.installed ## the tests compiled, once and not by each process of their first run; part of `make test`
	@$(BIN)/pytest -qq -n 0 --collect-only >/dev/null 2>&1 || :

year: .venv/.installed ## a store through 400 days with 200 jobs a day: rows and bytes stay flat behind the retention (minutes)
	$(BIN)/python -m benchmarks.year

soak: .venv/.installed ## the daemon at 100 times speed for an hour: memory, files, rows and lag stay in bounds; SOAK_ARGS="--minutes 10"
	$(BIN)/python -m tests.soak $(SOAK_ARGS)

watchdog: .venv/.installed ## each part that can hang does, under a real systemd: the watchdog ends it, nothing is lost (root, a minute)
	$(BIN)/pytest -q -n 0 tests/systemd/long_systemd_watchdog.py

deletions: .venv/.installed ## 1,000 deletions on bad days and 100 kills, none wrong: DELETIONS_ARGS="--store postgres --kills 20"
	$(BIN)/python -m tests.actions $(DELETIONS_ARGS)

crash: .venv/.installed ## 300 kills of the daemon on each store, 60 of PostgreSQL: CRASH_ARGS="--store sqlite --kills 50"
	$(BIN)/python -m tests.crash $(CRASH_ARGS)

fuzz: .venv/.installed .venv-fuzz/.locked ## every parser of outside bytes, coverage-guided, FUZZ_SECONDS each; NAME="modelarts jobs": one
	PYTHONPATH=.venv-fuzz $(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) $(if $(NAME),"$(NAME)")

audit: .venv/.installed .venv-audit/.locked ## what we install, held against published advisories (needs the network, else says so)
	@$(BIN)/python -m tests.security.audit env PYTHONPATH=.venv-audit $(BIN)/python -m pip_audit

sdk: .venv-sdk/.locked ## .venv-sdk with the platforms' official SDKs, for their tests

dist: .venv/.installed ## dist/: the wheel and all that installs it; WHEELS=1: what it needs too, for a machine offline
	rm -rf dist && mkdir dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	cp runtime.lock systemd/* dist/
	@if [ -n "$(WHEELS)" ]; then $(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: --dest dist/wheels -r runtime.lock; fi
	@ls dist

install-service: ## as root, after make dist: the systemd service, or its upgrade (systemd/install.sh)
	@dist/install.sh

# The two environments. A stamp says what was installed; a lock that changed is installed anew.
.venv/.locked: requirements.lock build.lock
	@$(call make_venv,.venv)
	$(BIN)/python -m pip $(PIP_INSTALL) -r requirements.lock -r build.lock
	@touch $@

.venv/.installed: .venv/.locked pyproject.toml monitor/__init__.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@touch $@

.venv-sdk/.locked: tests/sdk/requirements.lock
	@$(call make_venv,.venv-sdk)
	$(SDK)/python -m pip $(PIP_INSTALL) -r tests/sdk/requirements.lock
	@touch $@

# Tools that need no environment of their own, beside the one that there is.
.venv-fuzz/.locked: tests/fuzz/requirements.lock
.venv-audit/.locked: tests/security/requirements.lock
.venv-fuzz/.locked .venv-audit/.locked: | .venv/.locked
	@rm -rf $(@D)
	$(BIN)/python -m pip $(PIP_INSTALL) --target $(@D) -r $<
	@touch $@

# A version manager's shim may stand for a Python that is not there, so each is asked rather than looked for.
define make_venv
found=; old=; for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11 /usr/bin/python3); do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { found=$$python; break; }; \
  version=$$("$$python" -V 2>/dev/null) && old="$$old $$version ($$python)"; \
done; \
if [ -z "$$found" ]; then \
  echo "Training Monitor needs Python 3.11 or newer; found:$${old:- none}. Name one: make PYTHON=/path/to/python3" >&2; \
  exit 1; \
fi; \
if ! "$$found" -c 'import venv, ensurepip' 2>/dev/null; then \
  echo "$$found cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
fi; \
echo "$(1): $$("$$found" -V), this takes up to a minute"; \
"$$found" -m venv $(1)
endef

lock: ## the lock files anew, after a change of dependencies (needs the network)
	@$(call make_venv,build/lock-venv)
	build/lock-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input uv
	$(UV_COMPILE) --universal --group dev pyproject.toml -o requirements.lock
	$(UV_COMPILE) --universal --no-annotate -c requirements.lock pyproject.toml -o runtime.lock
	printf 'hatchling\neditables\n' | $(UV_COMPILE) --universal - -o build.lock
	for room in sdk fuzz security; do \
	  $(UV_COMPILE) --universal tests/$$room/requirements.in -o tests/$$room/requirements.lock || exit 1; done
	rm -rf build/lock-venv
	@! grep -n '://' $(LOCKS)

UV_COMPILE := UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 build/lock-venv/bin/uv pip compile \
  --quiet --generate-hashes --no-header --python-version 3.11 $(LOCK_ARGS)

clean: ## away with all that was built
	rm -rf .venv .venv-sdk .venv-fuzz .venv-audit build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find monitor migrations tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
