# make demo: the main job in the terminal.  make test: everything.  Both set themselves up.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
STAMPS := .make
# One more than there are cores: many unit tests wait for servers on loopback.
WORKERS := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PARALLEL = $(BIN)/pytest -q -n $(WORKERS) --dist worksteal -p no:nbval --ignore tests/browser

.DEFAULT_GOAL := help
.PHONY: help demo test check search lab bench lock docs clean browser front-end unit services notebooks wheel

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMPS)/runtime ## Deploy the embedded ChatQnA, feed it documents, ask it, show every step
	$(BIN)/opea-nb demo

lab: $(STAMPS)/runtime ## Open JupyterLab on the tutorial
	$(BIN)/opea-nb models
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/01-chatqna.ipynb  # root asks for it in a container

check: $(STAMPS)/dev ## The quick loop: format, lint, types, imports, unit tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PARALLEL) -m "not slow" --doctest-modules --ignore tests/conformance/samples tests opea_nb

search: $(STAMPS)/dev ## Property tests on other random examples each time, ROUNDS times (10)
	for round in $$(seq $${ROUNDS:-10}); do \
		$(PARALLEL) -m "hypothesis and not slow" --hypothesis-profile search --timeout 900 tests || exit 1; done

test: check front-end browser wheel services notebooks ## Everything: what CI runs

services: $(STAMPS)/dev ## Real processes, real models, a real browser
	$(BIN)/opea-nb models
	$(BIN)/pytest -q -m slow tests --ignore tests/browser
	$(BIN)/pytest -q tests/browser  # a process of its own: Playwright keeps an event loop in it

notebooks: $(STAMPS)/dev ## Run the tutorials in a real kernel and compare their outputs
	$(BIN)/opea-nb models
	$(BIN)/pytest -q --nbval --nbval-current-env --nbval-sanitize-with notebooks/sanitize.cfg \
		--nbval-cell-timeout 300 --timeout 900 -W default notebooks

wheel: $(STAMPS)/dev ## Build the wheel and install it into an empty virtual environment
	tests/wheel

browser: $(STAMPS)/dev ## Make sure that there is a Chromium
	BIN=$(BIN) tests/browser/install

front-end: $(STAMPS)/dev ## Types, lint, tests and a current build of the front end
	BIN=$(BIN) widgets/check

bench: $(STAMPS)/dev ## Ratios against a bare chain (and opea-comps, with SETUP=--setup-comps)
	$(BIN)/python benchmarks/chain.py $(SETUP)

lock: $(STAMPS)/dev ## Write requirements.lock anew
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --all-extras --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock

docs: $(STAMPS)/dev ## Take the screenshots of the README anew
	$(BIN)/python tests/browser/screenshots.py

clean: ## Take away what make made
	rm -rf $(VENV) $(STAMPS) widgets/node_modules build dist *.egg-info

# Debian keeps the module that makes virtual environments in a package of its own.
$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "opea_nb needs Python 3.11 or newer: install it, or say make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { test "$$(id -u)" = 0 && apt-get update -q && \
		apt-get install -qy python3-venv; } || { echo "install python3-venv, then try again" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: $(STAMPS)/venv pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/venv pyproject.toml requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[dev]'
	@touch $@ $(STAMPS)/runtime
