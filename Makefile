# One way to do each chore. The environment is made on first use, and again when what it is made from changes.

VENV := .venv
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(if $(shell $(name) --version 2>/dev/null),$(name))))
READY := $(VENV)/ready-$(shell cat pyproject.toml requirements-dev.txt constraints.txt | cksum | cut -d' ' -f1)
BIN := $(CURDIR)/$(VENV)/bin

export PATH := $(BIN):$(PATH)
# Two small matrices are multiplied faster by one thread than by sixteen that wait for each other.
export OMP_NUM_THREADS ?= 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help demo test lint bench fuzz overload lists docs wheel clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 8

demo: $(READY)  ## train four models on real data; inspect, convert, verify and pack each; a container, a million rows, advice
	@python examples/demo/demo.py

test: $(READY)  ## every test
	@python -m pytest $(ARGS)

lint: $(READY)  ## ruff, mypy strict, the layers, the size of modules and functions
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	python -m pytest -q tests/test_layout.py

bench: $(READY)  ## the promises on speed and memory (ARGS=serving for a part); writes docs/performance.md
	@python benchmarks/run.py $(ARGS)

SECONDS ?= 120
fuzz: $(READY)  ## search every reader for what breaks it; TARGET=pickle SECONDS=600 for one of them, longer
	@cd tests && python -m fuzz $(TARGET) --seconds $(SECONDS)

overload: $(READY)  ## two minutes of three times what a service can do, and its figures
	@MLPACK_OVERLOAD_SECONDS=120 python -m pytest tests/fire/test_overload.py -q -s -k three_times

lists: $(READY)  ## the names that model files may use, from these libraries and from three older generations of them
	@python scripts/list_names.py --older $(ARGS)

docs: $(READY)  ## write what is generated of README.md and docs/, and build the pages into site/
	@python scripts/generate_docs.py
	@zensical build --strict --config-file mkdocs.yml

wheel: $(READY)  ## build the wheel into dist/
	@python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove everything that was made
	rm -rf $(VENV) .clients .demo .fuzz .cache site dist build .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml requirements-dev.txt constraints.txt
	@echo "making $(VENV) with mlpack, its extras and its tools (about 2 GB, some minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install -qq --requirement requirements-dev.txt
	@$(VENV)/bin/python -m compileall -q mlpack
	@rm -f $(VENV)/ready-*
	@touch $@
