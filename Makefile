# Needs make and a Python of 3.11 or newer; everything else goes into .venv.
# The first suitable one is taken; `make PYTHON=/path/to/python3.12 …` decides otherwise.
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
CODE := aggregator tests tools benchmarks
# Said to uv by `make lock`: for every Python and system at once, with hashes, without addresses.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DELETE_ON_ERROR:
.PHONY: help run test lint format bench rows dedupe-report lock clean

help: ## say what can be made (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runtime ## serve feeds.yaml; ARGS="--listen 0.0.0.0:8080" is passed on
	@exec $(BIN)/python -m aggregator run $(ARGS)

test: lint ## what CI runs: lint, types, imports, tests; ARGS="-k slug" for some tests only
	@$(BIN)/python -m pytest -n 3 --dist worksteal $(if $(ARGS),$(ARGS),--cov)

lint: .venv/development ## style, types, floors
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: .venv/development ## lay the code out and mend what can be mended
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

bench: .venv/runtime ## this project beside its peers: docs/performance.md; ARGS=--quick to try it
	@$(BIN)/python -m benchmarks $(ARGS)

rows: .venv/runtime ## which numbered behaviours are proven by which tests
	@$(BIN)/python -m tools.rows $(ARGS)

dedupe-report: .venv/runtime ## how well duplicates are found (needs the outside test kit)
	@$(BIN)/python -m tools.dedupe_report $(ARGS)

lock: ## pin what pyproject.toml asks for (needs uv); ARGS=--upgrade for the newest
	@echo 'setuptools>=77' | $(LOCK) $(ARGS) - --output-file requirements-build.txt
	@$(LOCK) $(ARGS) pyproject.toml --output-file requirements.txt
	@$(LOCK) $(ARGS) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## remove what was made; data/ stays
	@rm -rf .venv build dist *.egg-info htmlcov .coverage .coverage.* .hypothesis \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find aggregator tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} +

# --- the virtual environment: each of these is made once, and again when what it is made of changes

.venv/created:
	@for python in $(PYTHON); do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making .venv with $$($$python --version)"; \
			$$python -m venv --clear .venv && touch $@; exit; \
		fi; \
	done; \
	echo "No Python of 3.11 or newer with its venv module was found (tried: $(PYTHON))." >&2; \
	echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name it: make PYTHON=/path/to/python3" >&2; \
	exit 1

.venv/runtime: .venv/created pyproject.toml requirements-build.txt requirements.txt
	@echo "installing what requirements.txt pins"
	@$(PIP) install --require-hashes --requirement requirements-build.txt
	@$(PIP) install --require-hashes --no-build-isolation --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/development: .venv/runtime requirements-dev.txt
	@echo "installing what requirements-dev.txt pins"
	@$(PIP) install --require-hashes --no-build-isolation --requirement requirements-dev.txt
	@touch $@
