# Everything a checkout needs: `make demo` and `make test` ask for nothing but Python 3.11 or newer.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
JOBS ?= 2

.PHONY: help demo test slow peers browser check format bench clean

help:  ## say what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/installed  ## make .venv, install, and train a convolutional network on MNIST
	$(BIN)/striate train mnist

test: $(VENV)/installed-test  ## run every test
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow and not peers and not browser"

slow: $(VENV)/installed-test  ## full trainings, real downloads, long fuzzing
	$(BIN)/python -m pytest -q -m slow

peers: $(VENV)/installed-test $(PEERS)/installed  ## compare with PyTorch, Captum and ONNX Runtime, in an environment of their own
	STRIATE_PEERS=$(PEERS)/bin/python $(BIN)/python -m pytest -q -m peers

browser: $(VENV)/installed-test  ## open pages in the system's Chromium
	$(BIN)/python -m pytest -q -m browser

check: $(VENV)/installed-check  ## lint, format, types, import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

format: $(VENV)/installed-check  ## put the source into its one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-test  ## measure ourselves beside the others; results land in benchmarks/results/. QUICK=1: 3 minutes
ifdef QUICK
	$(BIN)/python benchmarks/side_by_side.py --quick
else
	$(BIN)/python benchmarks/side_by_side.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/ops_gradients.py
	$(BIN)/python benchmarks/mnist_accuracy.py --recipe default --seeds 5
	$(BIN)/python benchmarks/mnist_accuracy.py --recipe plain --seeds 1
endif

clean:  ## remove what was made, but not your runs
	rm -rf $(VENV) $(PEERS) build dist .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Striate needs Python 3.11 or newer, and none was found. Install one, or say: make PYTHON=/path/to/python demo" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(VENV)/installed $@

$(VENV)/installed-check: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test,check]'
	@touch $(VENV)/installed $(VENV)/installed-test $@

$(PEERS)/installed: tests/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet -r $<
	@touch $@
