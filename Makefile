# Everything here works on a fresh Debian 12 with: apt install git make python3-venv
PYTHON ?= python3
PYTEST_ARGS ?= -n auto

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

BENCH_ARGS ?=

.PHONY: help venv demo test large bench check smoke servers format schema docs clean

help:
	@echo "make demo   the whole path on an embedded PBX: plan, run, report, verification"
	@echo "make test   every test, on real database servers where they can be installed"
	@echo "make large  200,000 calls on MariaDB and PostgreSQL, thousands of bent bundles; takes minutes"
	@echo "make bench  everything against the bare limit and the peers, side by side; takes hours at full size: BENCH_ARGS=\"mariadb --size 200000\""
	@echo "make check  ruff, mypy, import-linter"
	@echo "make smoke  builds the wheel and tries it in a fresh environment"
	@echo "make schema writes the JSON Schemas under docs anew"
	@echo "make docs   writes the reference pages' field tables anew"
	@echo "make venv   only sets up $(VENV)"

venv: $(STAMP)

$(STAMP): pyproject.toml pbxretain/_bulk.c
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: apt install python3-venv"; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(VENV) could not be made; remove it and try again"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --upgrade pip && $(BIN)/python -m pip install -qq --group dev --editable ".[mysql,postgresql,api,pdf]" || { echo "The packages could not be installed, see above; pip needs a package index (network or its configuration)"; exit 1; }
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/python -m pbxretain.cli.demo --into demo

servers:
	@sh .ci/servers

test: $(STAMP) servers
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

large: $(STAMP) servers
	@PBXRETAIN_LARGE=1 $(BIN)/python -m pytest tests/test_freepbx.py tests/test_page.py $(PYTEST_ARGS)

bench: $(STAMP) servers
	@command -v pt-archiver >/dev/null || { echo "pt-archiver is missing: apt install percona-toolkit"; exit 1; }
	@PYTHONPATH=tests $(BIN)/python -m benchmarks $(BENCH_ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

smoke: $(STAMP)
	@bash tests/smoke_wheel.sh

schema: $(STAMP)
	@$(BIN)/python -m pbxretain.schemas docs/reference/schema

docs: schema
	@PYTHONPATH=tests $(BIN)/python -m support.reference && PYTHONPATH=tests $(BIN)/python -m support.docs && PYTHONPATH=tests $(BIN)/python -m support.fields && PYTHONPATH=tests $(BIN)/python -m support.precedence && PYTHONPATH=tests $(BIN)/python -m support.page && PYTHONPATH=tests $(BIN)/python -m benchmarks.results

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
