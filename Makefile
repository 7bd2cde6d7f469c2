# Two words are enough: `make demo` shows the whole event chain, `make test` passes every test.
# Needs Python 3.11 or newer and the package index; uv is fetched into .uv/ where it is not installed.

PYTHON ?= python3
UV ?= $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
RUN := .venv/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test test-beam up down lint lock audit docs clean prove tickets wiring images

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: .venv/demo ## the whole event chain on this machine, hop by hop
	$(RUN)/urgency demo

test: .venv/dev lint ## lint and every test
	$(RUN)/pytest -n $(JOBS) --dist loadfile

test-beam: .venv/dev ## the Beam pipelines, in an environment of their own, against what one machine makes
	@$(MAKE) --no-print-directory .venv-beam/made || echo "Beam cannot be installed here: its tests say skipped"
	URGENCY_BEAM=1 $(RUN)/pytest tests/jobs/beam

up: .venv/demo ## start the local stack and keep it
	$(RUN)/urgency up

down: .venv/demo ## stop the local stack
	$(RUN)/urgency down

lint: .venv/dev ## ruff, mypy, import-linter, terraform fmt
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	@! command -v terraform >/dev/null || terraform fmt -check -recursive infra

lock: $(UV) ## pin every dependency: uv.lock and the hashed requirements of each deployable
	$(UV) lock
	for part in functions jobs service; do \
	  $(UV) export --quiet --frozen --extra $$part --no-emit-project --no-dev --no-header -o $$part/requirements.txt; \
	done
	for part in mlflow beam; do \
	  $(UV) export --quiet --frozen --extra $$part --no-emit-project --no-dev --no-header -o infra/$$part/requirements.txt; \
	done

# An advisory that cannot be followed yet is named here, with its reason: make audit AUDIT="--ignore-vuln PYSEC-..."
AUDIT ?=
PARTS := functions jobs service infra/mlflow infra/beam

audit: $(UV) ## look up every pinned package of every deployable in the advisories of osv.dev
	for part in $(PARTS); do \
	  $(UV) tool run --quiet --from pip-audit==2.10.1 pip-audit --strict --progress-spinner off --vulnerability-service osv \
	    --disable-pip --require-hashes --requirement $$part/requirements.txt $(AUDIT) || exit 1; \
	done

prove: .venv/dev ## the long tests: more simulated schedules, crashes three times, the chain without each grant, each of Terraform's variables, 1,000 reloads, 1 M bodies
	URGENCY_PROVE=1 $(RUN)/pytest -n $(JOBS) --dist loadfile tests/jobs tests/infra/test_grants*.py tests/infra/test_first_hour.py tests/end_to_end tests/service/test_reload_storm.py tests/service/test_door_mutations.py

images: .venv/dev ## build the containers and run them for real: sizes, cold start, memory
	$(RUN)/pytest tests/infra/test_containers_run.py

tickets: .venv/demo ## write the synthetic tickets of data/ again
	$(RUN)/python -m data.generator

docs: .venv/demo ## write docs/settings.md and the table of costs again from the code
	$(RUN)/python -m cli.settings_page > docs/settings.md
	$(RUN)/python -m infra.costs

wiring: .venv/demo ## write what follows from Terraform: applied states, wiring.json, the table of grants
	$(RUN)/python -m infra.wiring

clean: ## forget environments, caches and the local stack's state
	-[ ! -x $(RUN)/urgency ] || $(RUN)/urgency down
	rm -rf .venv .venv-beam .uv .urgency .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# One environment, two sizes: what the demo needs, and the development tools besides.
.venv/demo: pyproject.toml uv.lock | $(UV) python
	$(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON) --no-dev --extra local --inexact
	@touch $@

.venv/dev: pyproject.toml uv.lock | $(UV) python
	$(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON) --extra local
	@touch $@ .venv/demo

# Apart from the other one: Beam holds numpy and protobuf back.
.venv-beam/made: pyproject.toml uv.lock | $(UV) python
	UV_PROJECT_ENVIRONMENT=.venv-beam $(UV) sync --quiet --frozen --compile-bytecode --python $(PYTHON) --no-dev --extra beam
	@touch $@

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
