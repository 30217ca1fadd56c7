# Everything a checkout needs; each target sets up what it depends on. See README.md.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
UV     ?= uv
# Further arguments: make demo ARGS="--headless --json", make test ARGS="tests/segments -x"
ARGS   ?=

# Where the environment forbids Python to keep what it compiled, as images of containers do, each of
# the hundreds of processes that the tests start would compile the product anew: two seconds each.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install demo test check static stories chaos bench lock clean

install: $(STAMP)

$(STAMP): requirements/base.txt requirements/dev.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Touchstone needs Python 3.11: name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(PY) && $(PY) -c '' 2>/dev/null || rm -rf $(VENV)
	@test -x $(PY) || "$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1 || \
	  { rm -rf $(VENV); "$(PYTHON)" -m venv --without-pip $(VENV); }
	@# Python compiles what is imported, a quarter of what is installed, by itself.
	@# Debian splits ensurepip off; the system's pip can then install into the environment.
	@if $(PY) -m pip --version >/dev/null 2>&1; then pip="$(PY) -m pip"; \
	 else pip="$(PYTHON) -m pip --python $(PY)"; fi; \
	 $$pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-compile \
	   --requirement requirements/base.txt --requirement requirements/dev.txt
	@touch $@

demo: install
	@$(PY) manage.py demo $(ARGS)

# The browser's driver keeps an event loop running in its process, beside which no other test may
# start one: its tests have a run of their own, and theirs comes first. Tests that read the clock
# come next, one by one. The proofs mostly wait, for leases to end and servers to come back: four
# at once. The last summary is the suite's. In both, files come in the order of tests/conftest.py,
# not by their number of tests.
PYTEST = $(PY) -m pytest --dist loadfile --numprocesses
LONGEST_FIRST = --no-loadscope-reorder -m "not alone"
test: install
	@export TOUCHSTONE_CHROMIUM="$$($(PY) tests/provide_chromium.py)"; \
	  if [ -n "$(ARGS)" ]; then exec $(PYTEST) 2 $(ARGS); fi; \
	  failed=0; $(PYTEST) 2 tests/browser || failed=$$?; \
	  $(PY) -m pytest -m alone tests || failed=$$?; \
	  $(PYTEST) 4 $(LONGEST_FIRST) tests/chaos || failed=$$?; \
	  $(PYTEST) 2 $(LONGEST_FIRST) --ignore=tests/browser --ignore=tests/chaos tests && exit $$failed

# The static checks fill one core, the stories mostly wait for processes of their own: side by side.
# `test` comes last: its summary line ends the output.
check: install
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target static stories
	@$(MAKE) --no-print-directory test

static: install
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	TOUCHSTONE_NO_SERVERS=1 $(VENV)/bin/mypy
	TOUCHSTONE_NO_SERVERS=1 $(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) tests/check_production.py

# Once more on the machine's own PostgreSQL 15 and Redis.
stories: install
	$(PY) tests/on_system_servers.py

# The proofs of tests/chaos at ten times their size: about half an hour. Then 2 000 random
# histories of what is followed and 2 000 random crowds in journeys.
LONG = tests/chaos tests/segments/test_follow.py tests/campaigns/journeys/test_engine.py
chaos: install
	TOUCHSTONE_CHAOS=long $(PY) -m pytest $(LONG) $(ARGS)

bench: install
	@for bench in bench/*.py; do PYTHONPATH=. $(PY) "$$bench" $(ARGS) || exit $$?; done

lock:
	$(UV) pip compile --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet requirements/base.in --output-file requirements/base.txt
	$(UV) pip compile --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet requirements/dev.in --output-file requirements/dev.txt
	$(UV) pip compile --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --quiet requirements/spark.in --output-file requirements/spark.txt

clean:
	@test ! -x $(PY) || $(PY) manage.py servers stop
	@# As root, a checkout under a closed home keeps the servers' files elsewhere.
	@test ! -s .local/home || rm -rf "$$(head -n 1 .local/home)"
	rm -rf $(VENV) .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './frontend/*' -prune -exec rm -rf {} +
