# Two commands: `make app` and `make test`. GNU make 3.81 or newer and a POSIX shell.
#
# PYTHON=...       a Python (3.11 or newer) to build the environment from
# PORT=...         the app's port
# HOST=...         the address that the app listens at, 0.0.0.0 for all; none: this machine alone
# TORCH_INDEX=...  a package index for PyTorch alone; none: the default build (see the README)
# CHROMIUM=...     the browser that the tests drive
# JOBS=...         the processes that the tests run in
# ARGS=...         for pytest, such as ARGS="-x tests/app"

PYTHON ?=
PORT ?= 8501
HOST ?= 127.0.0.1
TORCH_INDEX ?=
CHROMIUM ?=
JOBS ?= 2
ARGS ?=
MARKS := not long

PY := .venv/bin/python
TOOLS := .venv-tools/bin
INSTALL := @sh scripts/environment.sh "$(PYTHON)" "$(TORCH_INDEX)" requirements.txt

.DEFAULT_GOAL := help
.PHONY: help app test test-all pytest lint docs lock audit sbom models wheel clean env env-dev env-docs env-tools

help:
	@echo 'make app     train on MovieLens-100K (once) and serve the app at http://localhost:8501 (PORT=... for another)'
	@echo 'make test    install what the tests need, check style, types and imports, run the tests (ARGS=... goes to pytest)'
	@echo 'make test-all  all of them, with those that take long'
	@echo 'make lint    the checks alone, without the tests'
	@echo 'make docs    build the documentation into site/'
	@echo 'make wheel   build the package into dist/'
	@echo 'make lock    renew requirements.lock, the versions and hashes of all that is installed on a server'
	@echo 'make audit   look for known weaknesses of these packages'
	@echo 'make sbom    write the bill of materials of the environment, dist/sbom.json'
	@echo 'make models  rebuild the bundles that ship, models/shop and models/skewed-shop with their twins'
	@echo 'make clean   remove the environment, caches and unfinished trainings; keeps data and trained bundles'

app: env
	@$(PY) -m macrid app --host "$(HOST)" --port "$(PORT)" --check
	@sh scripts/first_model.sh models/ml-100k
	@exec $(PY) -m macrid app --host "$(HOST)" --port "$(PORT)"

test: env-dev  # both at once: tests in a browser leave processors idle now and then
	@$(MAKE) --no-print-directory -j 2 lint pytest MARKS="$(MARKS)"

pytest: env-dev
	@MACRID_CHROMIUM=$$(sh scripts/chromium.sh "$(CHROMIUM)"); export MACRID_CHROMIUM; \
	$(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "$(MARKS)" $(ARGS)

test-all: MARKS :=
test-all: test

lint: env-dev
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo

docs: env-docs
	@$(PY) -m mkdocs build --strict

models: env
	@$(PY) -m macrid train --data shop --config scripts/shop.yaml --out models/shop --seed 0 --twin dot --overwrite
	@$(PY) -m macrid train --data skewed-shop:300x1500 --out models/skewed-shop --preset paper \
		--set train_batch_size=100 --set learning_rate=0.003 --set anneal_cap=1 --set epochs=64 --set stopping_step=64 \
		--seed 0 --twin dot-free --overwrite

# The lock holds all but PyTorch, whose builds have other hashes on each index: see CONTRIBUTING.md.
lock: env-tools
	@$(TOOLS)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-package torch --custom-compile-command 'make lock' requirements.txt requirements-extra.txt -o requirements.lock

audit: env-tools
	@mkdir -p dist && rm -f dist/audit.json
	@$(TOOLS)/pip-audit -r requirements.lock --require-hashes --disable-pip --progress-spinner off -f json -o dist/audit.json \
		>dist/audit.log 2>&1 || true
	@$(TOOLS)/python scripts/audit.py dist/audit.json

sbom: env env-tools
	@mkdir -p dist
	@$(TOOLS)/cyclonedx-py environment --pyproject pyproject.toml --of JSON -o dist/sbom.json $(PY)
	@echo 'The bill of materials (CycloneDX) is in dist/sbom.json.'

wheel: env
	@$(PY) -m pip --disable-pip-version-check wheel -q --no-deps -w dist .

clean:
	@rm -rf .venv .venv-tools .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis dist site *.egg-info models/*.partial
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'Removed. What you trained is still in models/, what was fetched in your cache.'

env:
	$(INSTALL)

env-dev:
	$(INSTALL) requirements-extra.txt requirements-dev.txt

env-docs:
	$(INSTALL) requirements-extra.txt requirements-docs.txt

# Its own environment, made without touching .venv, which only what is looked at by `make sbom` needs.
env-tools:
	@cmp -s requirements-tools.txt .venv-tools/installed || { $(or $(PYTHON),python3) -m venv --clear .venv-tools && \
	$(TOOLS)/python -m pip --disable-pip-version-check install -q -r requirements-tools.txt && \
	cp requirements-tools.txt .venv-tools/installed; }
