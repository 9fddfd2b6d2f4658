# Two commands from a fresh clone: `make demo` and `make test`.  Python 3.11+ and make suffice.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Tests that need more than Python are skipped with a reason and counted in the last line.
# `make test REQUIRE="pre-commit yaml-test-suite"` makes such a skip a failure.
REQUIRE ?=
# Clones of the repositories that LABELS names; where one of the two is missing nothing is measured.
CLONES ?= clones
LABELS ?= ../shared/data/ai-usage-corpus.tsv

.PHONY: demo test prove bench corpus lint clean

demo: ## Install into a new virtual environment and judge the shipped examples
	$(PYTHON) -m venv --clear .venv-demo
	.venv-demo/bin/pip install --quiet --disable-pip-version-check .
	@PATH="$(CURDIR)/.venv-demo/bin:$$PATH" sh docs/demo.sh

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[attest,audit,forge]'
	$(BIN)/pip install --quiet --disable-pip-version-check hypothesis pytest pytest-cov pytest-xdist
	touch $@

test: $(BIN)/.installed ## Run the whole suite with branch coverage of the pure core
	AIGOV_TEST_REQUIRE="$(REQUIRE)" $(BIN)/python -m pytest -q -rs -n auto --dist loadfile --cov --cov-report=term

prove: $(BIN)/.installed ## Prove the shipped policies by their cases and mutants
	$(BIN)/aigov-gate policies test

bench: ## Measure hook and gate as a user installs them, as ratios in one run
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check .
	broken=0; for one in start gate; do \
		.venv-bench/bin/python benchmarks/$$one.py || broken=1; done; exit $$broken

corpus: $(BIN)/.installed ## Measure the detection of AI use: make corpus CLONES=folder LABELS=file.tsv
	$(BIN)/python benchmarks/corpus.py $(CLONES) $(LABELS)

lint: $(BIN)/.installed ## Formatting, lints, types, floors
	$(BIN)/pip install --quiet --disable-pip-version-check ruff mypy import-linter check-jsonschema types-PyYAML types-jsonschema
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean: ## Remove what the targets above made
	rm -rf .venv .venv-demo .venv-bench build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
