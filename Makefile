# make demo: set up what is missing and run the main job on the sample data.  make test: every check.
.PHONY: demo test bench lab docs setup check
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

demo: setup
	$(BIN)/coverage-kit demo

test: setup check

check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal

bench: setup
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m benchmarks

lab: setup
	$(BIN)/jupyter lab notebooks

docs: setup
	$(BIN)/python docs/generate.py

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -d $(VENV) || python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)
