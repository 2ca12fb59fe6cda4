# make demo: from nothing to a trained, measured and reported GAN, in minutes. make test: tests, types and lint.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test fuzz prove docs notebooks package clean

demo: $(VENV)/ready
	$(BIN)/saddle prove dcgan --out runs/demo

test: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	OMP_NUM_THREADS=1 $(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2

fuzz: $(VENV)/ready
	SADDLEPOINT_FUZZ=1000 OMP_NUM_THREADS=1 $(BIN)/pytest -n 0 -s --timeout=0 tests/deploy/serve/test_fuzz.py

prove: $(VENV)/ready
	$(BIN)/saddle prove --all

docs: $(VENV)/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "build/docs/index.html; with search: $(BIN)/python -m http.server --directory build/docs"

notebooks: $(VENV)/ready
	PATH=$(CURDIR)/$(BIN):$$PATH $(BIN)/jupyter execute --inplace docs/tutorials/*.ipynb

package: $(VENV)/ready
	$(BIN)/python -m build --no-isolation --outdir dist
	$(BIN)/twine check --strict dist/*

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) runs build dist .mypy_cache .pytest_cache .ruff_cache
