# One door for everybody. Every target sets up what it needs and does nothing twice.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
BIOME := node_modules/.bin/biome
POSE_MODEL := models/pose_landmarker_full.task
STOCK_POSE_MODEL := models/pose_landmarker_full_stock.task
DEMO_VIDEO := serving/demo/performance.mp4

.PHONY: help setup lite heavy serve demo test lint format toolkit starter bench lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "make %-9s %s\n", $$1, $$2}'

setup: $(VENV)/.serve $(POSE_MODEL) ## install what the service needs and assemble the pose model

heavy: setup ## also assemble the heavy pose network, for pose.network in params.yaml
	$(BIN)/python -m shared_features.pose.model_asset --network heavy

lite: setup ## also assemble the lite pose network
	$(BIN)/python -m shared_features.pose.model_asset --network lite

serve: setup ## run the service on http://localhost:8000
	$(BIN)/straps-serve run

demo: setup ## analyse the demo performance and write its timeline to out/demo
	$(BIN)/straps-serve analyze $(DEMO_VIDEO) --out out/demo

test: $(VENV)/.dev $(POSE_MODEL) $(STOCK_POSE_MODEL) ## run the whole test suite
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile \
		--no-loadscope-reorder

lint: $(VENV)/.dev ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then \
		$(MAKE) --no-print-directory $(BIOME) && $(BIOME) lint --error-on-warnings; \
	else \
		echo "Node.js is not installed: the JavaScript was not linted"; \
	fi

format: $(VENV)/.dev ## put the code into the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

toolkit: $(VENV)/.train $(POSE_MODEL) ## install what straps-train needs

starter: $(VENV)/.train $(POSE_MODEL) ## build the starter model from generated material
	$(BIN)/straps-train starter

bench: $(VENV)/.dev $(POSE_MODEL) $(STOCK_POSE_MODEL) ## measure speed, as ratios in one run
	$(BIN)/python -m benchmarks

lock: $(BIN)/uv ## resolve the dependencies in pyproject.toml again
	@for set in "dev --all-extras" "serve --extra=serve --extra=s3" "train --extra=train --extra=sequence --extra=landmarks"; do \
		set -- $$set; file=requirements/$$1.txt; \
		constraint=$$([ $$1 = dev ] || echo --constraint=requirements/dev.txt); shift; \
		echo "resolving $$file"; \
		$(BIN)/uv pip compile pyproject.toml requirements/build.in $$@ $$constraint --output-file=$$file \
			--universal --python-version=3.11 --fork-strategy=fewest --generate-hashes \
			--no-emit-index-url --no-header --no-annotate --quiet $(LOCK_FLAGS) || exit 1; \
	done

clean: ## remove everything that the other targets made, the starter model excepted
	rm -rf $(VENV) node_modules models/*.task out var *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: | $(BIN)/python
	$(INSTALL) uv

# No lock file: package.json names the exact version.
$(BIOME): package.json
	npm install --no-package-lock --no-audit --no-fund --silent
	@touch $@

# The larger sets contain the smaller ones at the same versions, so they can follow one another.
$(VENV)/.serve $(VENV)/.train $(VENV)/.dev: $(VENV)/.%: requirements/%.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --no-deps --require-hashes --requirement $<
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(if $(filter dev,$*),$(VENV)/.serve $(VENV)/.train)

$(POSE_MODEL): shared_features/pose/model_asset.py | $(BIN)/python
	@[ -e $(VENV)/.serve ] || [ -e $(VENV)/.train ] || $(MAKE) --no-print-directory $(VENV)/.serve
	$(BIN)/python -m shared_features.pose.model_asset
	@touch $@

$(STOCK_POSE_MODEL): shared_features/pose/model_asset.py | $(VENV)/.dev
	$(BIN)/python -m shared_features.pose.model_asset --stock
	@touch $@
