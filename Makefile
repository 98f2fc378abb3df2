# make setup once makes .venv with the commands in it; every other target sets itself up.
PYTHON ?= python3
BIN := .venv/bin
SAMPLE := tests/golden/data/real-a-runtime-file/00000000000001be.fsm
PYTEST := $(BIN)/python -m pytest -n 2

.PHONY: setup demo test test-long lint manual wheel bench clean

setup: .venv/.installed

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m codec.spec.ready $(notdir $(patsubst %/container.yaml,%,$(wildcard specs/*/container.yaml)))
	touch $@

demo: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" examples/demo.sh $(SAMPLE)

# $GOLDEN: a folder with more golden cases than the few that the project carries.
test: setup
	$(PYTEST)

test-long: setup
	HYPOTHESIS_PROFILE=long $(PYTEST)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

# A test compares docs/manual with what the specs say.
manual: setup
	$(BIN)/codec generate docs elastickv -o docs/manual --replace

wheel: setup
	.ci/check-wheel $(BIN)/python $(SAMPLE)

# docs/benchmarks.md anew; $KAITAI: a folder with Kaitai's compiler (npm install --prefix DIR kaitai-struct-compiler).
bench: setup
	.ci/bench $(BIN)/codec docs/benchmarks.json $(KAITAI)

clean:
	rm -rf .venv build dist *.egg-info
