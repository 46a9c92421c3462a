# A machine with Python 3.11 or newer, make and a package index is enough. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt
NEEDS := pyproject.toml tools/constraints.txt
PYTEST := $(BIN)/python -m pytest

# Public data sets, where they lie beside the checkout; tests and claims that need them say so without.
ifneq ($(wildcard ../shared/data),)
export KGREASON_DATA ?= $(abspath ../shared/data)
endif

# Tests ask small models: threads that wait for one another cost more there than they give.
test check soak: export OMP_NUM_THREADS ?= 1

.PHONY: help demo install develop test check lint soak clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kgreason needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(NEEDS) | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/developing: $(NEEDS) | $(BIN)/python
	$(PIP) --editable '.[dev,export,llm,mcp,serve,train]'
	@touch $@ $(VENV)/installed

install: $(VENV)/installed  ## a plain install, no tools for development

develop: $(VENV)/developing  ## the same with tests and linters

demo: install  ## answer a question, an entailment and an emotion, with evidence
	$(BIN)/kgreason ask "Where would you find a penguin?" --options zoo desert oven
	$(BIN)/kgreason entails "A man is playing a guitar on stage." "A musician is performing."
	$(BIN)/kgreason emotion "I finally got the job, and my parents cried with joy."

test: develop  ## every test but the long figures
	$(PYTEST)

lint: develop  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint  ## the linters and the fast tests, in two minutes
	$(PYTEST) -m "not slow"

soak: develop  ## the same tests with many more random examples, kills and mutated files
	KGREASON_PROFILE=full $(PYTEST)

claims-%: develop  ## measure what we claim of an area: make claims-formula
	$(BIN)/python -m tools.claims $*

clean:  ## what was built and cached here; the environment stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +
