# make demo: set up what is missing and run the main job on the sample data.  make test: every check.
# make test-full: every check, with the long form of the tests in tests/reliability (about an hour).
.PHONY: demo test test-full bench lab docs pictures setup browser check
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

demo: setup
	$(BIN)/coverage-kit demo

test: setup browser check

# the tests run in a worker for each core, each with one thread: more would wait for each other
check:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist worksteal

# the variable reaches tests/reliability/rounds.py
test-full: export COVERAGE_KIT_LONG := 1
test-full: test

bench: setup
	$(BIN)/python -m benchmarks

# on the sample's run, which is made where there is none; as root Jupyter wants to be told that it may
lab: setup
	test -f runs/demo/tables/summary.json || $(BIN)/coverage-kit demo
	$(BIN)/jupyter lab notebooks $$(test "$$(id -u)" -ne 0 || echo --allow-root)

# what docs/ takes from the code is written anew, then the site: open docs/_build/index.html
docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -q -n -W --keep-going docs docs/_build

# the pictures of README and docs, and what the tutorial's commands say, from the run that make demo writes
pictures: demo browser
	$(BIN)/python docs/pictures.py runs/demo

# Debian's chromium and LibreOffice, in which tests open the page, the notebooks and the workbook: installed where root runs this,
# as in a container; elsewhere the tests that need one say so and are skipped
browser:
	@command -v chromium >/dev/null && command -v soffice >/dev/null || test "$$(id -u)" -ne 0 || \
	{ apt-get -qq update; apt-get -qq install -y --no-install-recommends chromium libreoffice-calc-nogui fonts-dejavu-core >/dev/null; } || true

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -d $(VENV) || python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)
