# Bayward: every task has a name here. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PY := .venv/bin/python
PYTEST := .venv/bin/pytest -q
# More than there are cores: a test that waits for a wire leaves its core to another.
WORKERS ?= 3
SEEDS ?= 200
# The rules of the house, and that the reference is what the source says, are for `make check`.
CHECKED := tests/test_tidy.py tests/test_docs.py tests/tools
# Not even imported by the fast tests: each of their processes would pay for it.
ELSEWHERE := $(CHECKED) tests/browser
# A memory file system where there is one: the fast tests commit ten thousand times, and what a
# disk does to a commit is for `make system`.
QUICK_DISK := $(shell [ -w /dev/shm ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
# Processes are started by the hundred here: each would compile everything it imports anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: .venv/.ready ## install the locked versions into .venv (every other target does it too)

.venv/.ready: requirements/bootstrap.txt requirements/dev.txt package-lock.json pyproject.toml tools/setup.sh tools/assets.py
	@bash tools/setup.sh

.venv/.foreign: .venv/.ready tools/foreign.py tools/add-checkpoint.go tools/read-log.go
	@$(PY) tools/foreign.py .venv/foreign
	@touch $@

.venv/.peers: .venv/.ready requirements/peers.txt
	@.venv/bin/uv pip install -q --require-hashes -r requirements/peers.txt 2>/dev/null \
	  || .venv/bin/uv pip install -q --system-certs --require-hashes -r requirements/peers.txt
	@touch $@

.PHONY: demo
demo: setup ## the whole product on this machine, with a simulated wall; prints its URLs
	@.venv/bin/bayward demo $(ARGS)

.PHONY: demo-check
demo-check: setup ## perform the whole story without a screen and verify the log
	@.venv/bin/bayward demo --check

.PHONY: check
check: setup ## format, lint, types, import contracts, house rules, links in the docs
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@$(PYTEST) -n 2 $(CHECKED)

.PHONY: test
test: setup ## the fast tests (no browser, no long simulations)
	@TMPDIR=$(QUICK_DISK) $(PYTEST) $(ELSEWHERE:%=--ignore=%) -n $(WORKERS) --dist worksteal -m "not browser and not system and not world"

.PHONY: sim
sim: setup ## many seeded worlds with faults; SEEDS=n
	@$(PYTEST) -n $(WORKERS) --dist worksteal -m world
	@.venv/bin/bayward sim --seeds $(SEEDS)

.PHONY: fuzz
fuzz: setup ## bent documents on which all verifiers must agree; ARGS="--seconds n" or "--case n"
	@PYTHONPATH=tests $(PY) -m differential $(ARGS)

.PHONY: system
system: setup .venv/.peers .venv/.foreign ## real processes on loopback, and judges that are large to install
	@$(PYTEST) -m system

.PHONY: browser
browser: setup ## Chromium on every page (needs Debian's package chromium)
	@$(PYTEST) -m browser

.PHONY: bench
bench: setup ## measurements, as ratios
	@$(PY) -m bench $(ARGS)

.PHONY: pictures
pictures: setup ## screenshots of wall, kiosk, phone and console into docs/pictures
	@$(PY) tools/pictures.py

.PHONY: golden
golden: setup ## rewrite the golden files; read the diff
	@BAYWARD_GOLDEN=write $(PYTEST) -m "not browser and not system and not world"

.PHONY: docs
docs: setup ## rewrite the pages of docs/reference that are made from the source
	@BAYWARD_GOLDEN=write $(PYTEST) tests/tools/test_pages.py

.PHONY: lock
lock: ## resolve the locked versions anew (hashes, no addresses)
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --upgrade pyproject.toml -o requirements/run.txt
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --upgrade --extra dev pyproject.toml -o requirements/dev.txt
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --upgrade --extra peers -c requirements/dev.txt pyproject.toml -o requirements/peers.txt

.PHONY: clean
clean: ## remove everything that can be made again
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache node_modules out src/bayward/ui/static/vendor
