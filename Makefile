# Lateen: the two commands of a newcomer are `make demo` and `make test`; both stand on `make setup`.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: setup demo test lint types imports unit conformance bench lock kubernetes clean

setup: .venv/ready

# Offline once done: the stamp is newer than the lock, and the editable install needs no build environment.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lateen needs Python 3.11 or later; set PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing the locked dependencies into .venv (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	@$(BIN)/lateen demo

test: lint types imports unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports --no-logo

unit: setup
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup --ignore tests/cluster
	$(BIN)/python -m pytest tests/cluster

conformance: setup
	$(BIN)/python -m tests.conformance ../shared/corpora

bench: setup
	$(BIN)/python -m bench

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header --output-file requirements.lock

# A real Kubernetes API server to compare with; needs Go, takes minutes, no part of `make test`.
kubernetes:
	@JOBS=$(JOBS) tools/kubernetes/build.sh

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
