# Two commands do all the set-up: "make demo" and "make test". "make help" lists the rest.
#
# Everything is installed into $(VENV), once, and again when pyproject.toml changes.
# VENV=... puts it elsewhere, PYTHON=... names the interpreter to make it with.

VENV ?= .venv
PYTHON ?=
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# Root, as in most containers, has to say that it means it.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
WORKERS ?= auto
BENCH_ARGS ?=

# A run is a fresh process: compiling NumPy and its like anew in each would cost seconds a time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lab check bench slow format interpreters services clean

help:
	@echo 'make demo     register the quick-start notebook, run it by an agent, show the run card'
	@echo 'make test     lint, format, types, and every test that is not slow, on every Python found'
	@echo 'make lab      JupyterLab with the quick start open'
	@echo 'make check    lint, format, types, architecture'
	@echo 'make services install what some tests start: a Docker Engine and an image registry (needs root)'
	@echo 'make slow     the tests marked slow'
	@echo 'make bench    measure side by side with peers; one table, and JSON in benchmarks/results'
	@echo 'make format   let the linter and the formatter fix what they can'
	@echo 'make clean    remove the environments and caches made here'

$(VENV)/.for-demo: pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) notebooks $(PYTHON)
	@touch $@

$(VENV)/.for-tests: pyproject.toml tools/setup.sh
	@tools/setup.sh $(VENV) notebooks,test,lint $(PYTHON)
	@touch $@ $(VENV)/.for-demo

demo: $(VENV)/.for-demo
	@tools/demo.sh $(BIN)

lab: $(VENV)/.for-demo
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/jupyter lab $(AS_ROOT) notebooks/quickstart.ipynb

check: $(VENV)/.for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -p no:randomly tests/test_architecture.py

test: check interpreters
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

interpreters: $(VENV)/.for-tests
	@$(BIN)/python tools/interpreters.py

services:
	@tools/services.sh

slow: $(VENV)/.for-tests
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pytest -m slow --timeout 1800 $(PYTEST_ARGS)

.venv-peers/.installed: pyproject.toml tools/setup.sh
	@tools/setup.sh .venv-peers peers $(PYTHON)
	@touch $@

bench: $(VENV)/.for-tests .venv-peers/.installed
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m benchmarks.run $(BENCH_ARGS)

format: $(VENV)/.for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-* .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist benchmarks/results
