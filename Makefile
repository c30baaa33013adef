# make run: the demo company and a sample site.  make check: what CI runs.
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3
CODE   := loopline tests benchmarks examples house

# Python keeps what it compiled, also where a container says otherwise: every start would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-databases test-faults test-slow lint check format bench lock chromium clean
.DELETE_ON_ERROR:

run: $(VENV)/.base
	$(BIN)/loopline demo

test: $(VENV)/.dev chromium
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

# What is worked out by hand on SQLite and DuckDB, asked of PostgreSQL and ClickHouse, too.
test-databases: $(VENV)/.dev chromium
	$(BIN)/pytest -m "databases and not slow" -n 3 --dist loadfile --no-loadscope-reorder

# Servers that are killed, files that are damaged, backups of a server at work.
test-faults: $(VENV)/.dev
	$(BIN)/pytest -m "faults and not slow" -n 3 --dist loadfile --no-loadscope-reorder

test-slow: $(VENV)/.dev chromium
	LOOPLINE_LOOK=all LOOPLINE_CASES=all $(BIN)/pytest -m "slow or browser or cases" -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m house
	$(BIN)/djlint --lint --quiet loopline/web/templates

check: lint test test-databases test-faults

format: $(VENV)/.dev
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

# New versions within the bounds of the .in files. The locks hold hashes and no addresses.
lock: $(VENV)/.dev
	for file in base dev peers; do $(BIN)/uv pip compile --universal --upgrade --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock" --quiet \
	  requirements/$$file.in -o requirements/$$file.txt; done

chromium: $(VENV)/.dev
	@house/chromium

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Loopline needs Python 3.11 or later; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: $(VENV)/bin/python requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
