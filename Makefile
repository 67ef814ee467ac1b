# Truceline. `make` lists what can be done; every target sets up what it needs.
.DEFAULT_GOAL := help
SHELL := bash
PY := .venv/bin/python
T ?= tests
N ?= 2

.PHONY: help setup page demo test fix bench soak check types contract lint pytest web-check lock reference screenshots clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .make/setup page ## make .venv with the command `truceline`, and build the page

.make/setup: requirements/dev.lock requirements/uv.lock pyproject.toml tools/setup.sh
	@tools/setup.sh
	@mkdir -p .make && touch $@

.make/interuss: .make/setup requirements/interuss.lock tools/setup_interuss.sh
	@tools/setup_interuss.sh
	@mkdir -p .make && touch $@

page: .make/setup ## build the control room (node comes from its wheel)
	@$(PY) tools/build_page.py

demo: setup ## play Syria 2017 and open the map; prints one address
	@.venv/bin/truceline demo

test: setup .make/interuss lint types contract web-check pytest ## all that CI runs; T=tests/zones for a part

check: setup lint types contract web-check ## everything but the tests

lint:
	@.venv/bin/ruff format --check --quiet . || { echo "Not formatted: run make fix"; exit 1; }
	@.venv/bin/ruff check --quiet .

types:
	@.venv/bin/mypy

contract:
	@mkdir -p .make; .venv/bin/lint-imports > .make/contract.txt 2>&1 || { cat .make/contract.txt; exit 1; }

web-check:
	@$(PY) tools/build_page.py --check

pytest:
	@$(PY) -m pytest -n $(N) --dist loadgroup -m "not browser" $(T) || [ $$? = 5 ]
	@$(PY) -m pytest -m browser $(if $(filter tests,$(T)),tests/browser,$(T)) || [ $$? = 5 ]

fix: .make/setup ## format and repair what can be repaired
	@.venv/bin/ruff check --quiet --fix . || true
	@.venv/bin/ruff format --quiet .

bench: setup ## measure, beside a peer in the same run; prints ratios
	@$(PY) bench/all.py

soak: setup ## the long campaigns: kill -9, lost writes, witnesses
	@$(PY) tools/soak.py --runs 1000

screenshots: setup ## make the pictures of the README again
	@$(PY) -m pytest -q tests/browser --update-screenshots

reference: setup ## write docs/reference/ again from the code
	@$(PY) tools/reference.py

lock: .make/setup ## resolve requirements/dev.lock and interuss.lock again
	@.tools/bin/uv pip compile --quiet --python .venv/bin/python --universal --upgrade --generate-hashes \
	  --no-emit-index-url --no-header --all-extras --group dev --group bench pyproject.toml -o requirements/dev.lock
	@.tools/bin/uv pip compile --quiet --python .venv/bin/python --python-platform linux --upgrade --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --overrides requirements/interuss.without requirements/interuss.in \
	  -o requirements/interuss.lock

clean: ## remove what was made (not the data of a demonstration)
	@rm -rf .make .venv .tools web/node_modules src/truceline/api/page build dist
