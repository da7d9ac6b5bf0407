# Every target sets itself up; `make help` lists them.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench proof mutants screenshots migration chromium clean

# The first Python on the path that is new enough; name another with PYTHON=...
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check
# A third of the tests' time they wait: for the browser, for PostgreSQL, for processes that start.
WORKERS ?= $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$((cores < 8 ? cores + 1 : 8)))
ARGS ?=
# Where this is set, each process that a test starts would compile the whole app anew.
export PYTHONDONTWRITEBYTECODE :=

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/app ## Serve the app beside a local Spotify, no account needed
	@$(BIN)/shuffify demo $(ARGS)

test: ## Run all tests, on SQLite, on a PostgreSQL of their own and in Chromium
	@$(MAKE) --no-print-directory -j2 .venv/dev chromium
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

lint: .venv/dev ## Check style, types, who imports whom, and the audit policies
	@$(BIN)/flake8 shuffify tests migrations benchmarks
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/shuffify audit check

bench: .venv/dev chromium ## Measure what auditing costs, and how long shuffles and pages take
	@$(BIN)/python -m benchmarks.audit_overhead $(ARGS)
	@$(BIN)/python -m benchmarks.bulk
	@$(BIN)/python -m benchmarks.algorithms
	@$(BIN)/python -m benchmarks.pages

proof: .venv/dev ## Prove what takes long: random sessions, and a trail of PROOF_ROWS rows (1,000,000)
	@$(BIN)/python -m pytest -m proof -n 2 $(ARGS)
	@$(BIN)/python -m benchmarks.audit_at_size

mutants: .venv/dev ## Break the trail's pure modules in each place and list what no test noticed
	@$(PIP) install --quiet mutmut==3.8.1 --constraint constraints.txt
	@rm -rf mutants
	@$(BIN)/mutmut run --max-children $(WORKERS)
	@$(BIN)/mutmut results

screenshots: .venv/dev chromium ## Take the pictures in docs/screenshots anew
	@$(BIN)/python -m tests.browser.screenshots docs/screenshots

migration: export APP_CONFIG := development
migration: export DATABASE_URL := sqlite:///$(CURDIR)/instance/migration.sqlite
migration: .venv/dev ## Write a migration from the models: make migration m="Add a table"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="Add a table"'; exit 2; }
	@mkdir -p instance && rm -f instance/migration.sqlite*
	@$(BIN)/shuffify db upgrade
	@$(BIN)/shuffify db migrate -m "$(m)"
	@rm -f instance/migration.sqlite*

# Debian's browser without its windows, which cost a third of its time, and fonts for the scripts
# that playlists are named in. Who cannot install it and has no whole Chromium either has the
# browser tests skipped; in CI they fail instead.
chromium:
	@command -v chromium-headless-shell >/dev/null && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo 'Installing Chromium'; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
			--no-install-recommends chromium-headless-shell fonts-noto-cjk fonts-noto-color-emoji \
			>/dev/null || command -v chromium; \
	else command -v chromium >/dev/null || echo 'No Chromium here:' \
		'apt-get install chromium-headless-shell, or the browser tests are skipped.'; fi

clean: ## Remove everything that the other targets made
	rm -rf .venv *.egg-info build dist instance/migration.sqlite*
	rm -rf .mypy_cache .pytest_cache .hypothesis .import_linter_cache .coverage* mutants
	find shuffify tests migrations benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	@echo 'Making .venv'
	@$(PYTHON) -m venv .venv

# Installed anew only when what is to be installed has changed.
.venv/app: setup.cfg pyproject.toml constraints.txt | .venv/bin/python
	@echo 'Installing Shuffify into .venv'
	@$(PIP) install --quiet --editable . --constraint constraints.txt
	@touch $@

.venv/dev: setup.cfg pyproject.toml constraints.txt | .venv/bin/python
	@echo 'Installing Shuffify and its tools into .venv'
	@$(PIP) install --quiet --editable '.[dev]' --constraint constraints.txt
	@touch $@ .venv/app
