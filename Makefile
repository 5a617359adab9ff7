# Each target sets up what it needs; only Python 3.11 or newer and make are assumed.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-old-cpu lint docs bench nightly constraints clean

help:           ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/  /'

demo: .venv/core    ## find the sounds in two example scenes: events, files, pictures, scores; offline
	$(BIN)/whence demo

test: .venv/dev     ## all tests and doctests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

# What depends on the order and width of a processor's sums; the same code on the oldest kernels must pass, too.
NUMERIC := tests/audio tests/features tests/models tests/inference tests/metrics tests/scenes tests/synth tests/training

test-old-cpu: .venv/dev  ## the numeric tests again, with the kernels of a processor without AVX
	OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 OPENBLAS_CORETYPE=Nehalem \
	  $(BIN)/python -m pytest -n 2 --dist worksteal $(NUMERIC)

nightly: .venv/dev  ## the long-running forms: 10,000 mutated files, every kill
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m nightly -n 2 tests

lint: .venv/dev     ## style, types, unused code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture src --min-confidence 80

docs: .venv/dev     ## the site, from these pages and the docstrings; warnings are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: .venv/dev    ## every benchmark, one after the other
	@failed=0; for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || failed=1; done; exit $$failed

constraints:        ## remake constraints.txt (needs uv)
	(echo "# Exact versions that are tested together. Remake: make constraints"; \
	 uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	   --no-header --no-annotate -c torch.in) > constraints.new && mv constraints.new constraints.txt

clean:              ## remove the environment and the caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache demo

# The core with pictures: seconds, no torch.
.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) -e ".[pictures]"
	touch $@

# Everything, for work on whence itself.
.venv/dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) -e ".[dev]"
	touch $@ .venv/core
