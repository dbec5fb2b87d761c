# `make` lists the targets: each comment after ## is one line of that list.

PYTHON ?= python3
BIN := .venv/bin
# More words for the command behind a target: make study ARGS="--rounds 5", make test ARGS="-k idx"
ARGS ?=

# Bytecode is kept even where the shell says otherwise: compiling torch anew for each process
# takes 10 s.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.DEFAULT_GOAL := help
.PHONY: help
help: ## List the targets
	@echo "usage: make [PYTHON=interpreter] [ARGS=\"more arguments\"] target"
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- Environment -------------------------------------------------------------------------------

# Once PYTHON has been named, the environment keeps to that interpreter until another one is named.
.PHONY: venv
venv: ## Build .venv if it is missing or out of date (every target below does)
	@$(PYTHON) tools/build_venv.py $(if $(filter file,$(origin PYTHON)),--any-python)

.PHONY: pins
pins: venv ## Raise the pins in constraints.txt, all but torch's, to the newest releases
	grep '^torch==' constraints.txt > .venv/torch.txt
	$(BIN)/pip install --upgrade --upgrade-strategy eager -c .venv/torch.txt --editable '.[dev,bench]'
	{ grep '^#' constraints.txt; $(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//'; } \
		> .venv/pins.txt
	mv .venv/pins.txt constraints.txt

.PHONY: clean
clean: ## Remove .venv and all that the tools leave behind
	rm -rf .venv build dist .coverage .coverage.* htmlcov .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	find benchmarks src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- Studies -----------------------------------------------------------------------------------

.PHONY: study
study: venv ## Run the ablation study and print its table
	$(BIN)/bakeoff run ablation $(ARGS)

.PHONY: report
report: venv ## Fill the tables of docs/report.md from the runs in results/
	$(BIN)/python tools/pages.py report

.PHONY: notebooks
notebooks: venv ## Run the notebooks of examples/notebooks anew (a minute)
	$(BIN)/python examples/notebooks/make.py $(ARGS)

.PHONY: times
times: venv ## Time the networks behind the report's claims on time (half an hour); writes results/
	$(BIN)/python -m benchmarks.times $(ARGS)

# ---- Speed -------------------------------------------------------------------------------------

.PHONY: bench
bench: venv ## Measure how fast bakeoff is beside PyTorch, JAX and scikit-learn (an hour)
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation \
		--editable '.[bench]'
	$(BIN)/python -m benchmarks $(ARGS)

# The newest tag before this commit, in a work tree of its own; both are measured on this machine.
LAST = $(shell git describe --tags --match 'v*' --abbrev=0 HEAD^ 2> /dev/null)
.PHONY: bench-release
bench-release: ## Measure quickly, beside the last release on this machine (half an hour)
	mkdir -p build
	$(MAKE) bench ARGS="--quick --json build/bench.json"
	@test -n "$(LAST)" || echo "make: found no release before this commit, so nothing is compared"
	test -z "$(LAST)" || { rm -rf build/last && git worktree prune \
		&& git worktree add --detach build/last $(LAST) \
		&& $(MAKE) -C build/last bench ARGS="--quick --json ../bench-last.json" \
		&& $(BIN)/python -m benchmarks --compare build/bench-last.json build/bench.json; }

.PHONY: growth
growth: venv ## Measure how cost grows (ten minutes); writes results/, docs/speed.md and its picture
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation \
		--editable '.[bench,report]'
	$(BIN)/python -m benchmarks.growth $(ARGS)
	$(BIN)/python tools/growth_picture.py docs/images/growth.svg
	$(BIN)/python tools/pages.py growth

.PHONY: calibrate
calibrate: venv ## Check the statistics on simulated studies (minutes); writes results/
	$(BIN)/python -m benchmarks.calibrate $(ARGS)

# ---- Checks ------------------------------------------------------------------------------------

.PHONY: test
test: lint types pytest ## Run every check: lint, types, tests

.PHONY: lint
lint: venv ## Check format, lint, floors, workflows and the citation; needs no network
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo
	$(BIN)/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet --no-progress .github
	$(BIN)/cffconvert --validate

.PHONY: types
types: venv ## Check types, as on each system
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin src
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 src

.PHONY: pytest
pytest: venv ## Run the tests alone
	$(BIN)/pytest -n auto --dist loadfile $(ARGS)

# What torch and its matrix library calculate with on other processors, and with two threads.
SETTINGS := ATEN_CPU_CAPABILITY=default ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=COMPATIBLE MKL_CBWR=AVX2 \
	MKL_ENABLE_INSTRUCTIONS=AVX2 BAKEOFF_TEST_THREADS=2
.PHONY: processors
processors: venv ## Run the tests as on other processors, one setting after another (half an hour)
	@for setting in $(SETTINGS); do echo "make: tests with $$setting"; \
		env $$setting $(BIN)/pytest -n auto --dist loadfile $(ARGS) || exit; done

.PHONY: browser
browser: venv ## Install what the tests in a browser need: playwright and, for root, Chromium
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation \
		--editable '.[browser,report]'
	@command -v chromium > /dev/null || command -v google-chrome > /dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update --quiet \
			&& DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends \
				chromium; } \
		|| { echo "make: found no Chromium; install it (Debian: apt install chromium)"; exit 1; }

.PHONY: test-browser
test-browser: browser ## Run the tests in a browser alone
	BAKEOFF_BROWSER=required $(BIN)/pytest tests/browser $(ARGS)

.PHONY: coverage
coverage: venv ## Run the tests and list the lines and branches that none reaches
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist loadfile $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --show-missing --skip-covered

.PHONY: mutants
mutants: venv ## Try 400 small mistakes on the tests (hours); writes results/ and docs/mutants.md
	$(BIN)/python tools/mutants.py $(ARGS); mutants=$$?; \
		$(BIN)/python tools/pages.py mutants && test $$mutants = 0

.PHONY: faults
faults: venv ## Kill, fill, lock and spoil what runs and files depend on (minutes); writes results/
	@$(BIN)/python tools/faults; faults=$$?; $(BIN)/python tools/pages.py faults && test $$faults = 0

CASES ?= 10000
.PHONY: fuzz
fuzz: venv ## Bring CASES=10000 spoilt cases to each door (half an hour); writes results/
	HYPOTHESIS_PROFILE=fuzz CASES=$(CASES) $(BIN)/pytest tests/fuzz/test_doors.py -n auto --timeout=0 $(ARGS)
	$(BIN)/python tools/pages.py fuzz

.PHONY: format
format: venv ## Format the code and mend what lint can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# ---- Release -----------------------------------------------------------------------------------

.PHONY: docs
docs: venv ## Build the pages of docs/ and the API reference, into build/docs; no warning passes
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation \
		--editable '.[docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet docs build/docs $(ARGS)

.PHONY: pictures
pictures: browser ## Draw the pictures of docs/images anew, the demo's in a browser
	cd docs && ../$(BIN)/bakeoff compare verdicts.csv --points --baseline model1 \
		--figure images/differences.png --width 3.25in > /dev/null
	$(BIN)/bakeoff report results/ablation.json --out build/page > /dev/null
	cp build/page/ranking.svg docs/images/
	$(BIN)/python tools/growth_picture.py docs/images/growth.svg
	$(BIN)/python tools/record_weights.py --picture
	$(BIN)/python tools/demo_picture.py docs/images/demo.png

# TAG=v1.2.3 says which release it is to be. A tag is text of anyone's: neither make nor the shell
# may run what stands in it.
.PHONY: dist
dist: venv ## Build wheel and sdist into dist/, and try the wheel alone in an empty environment
	$(BIN)/python tools/dist.py $(if $(value TAG),--tag "$$TAG") $(ARGS)

# Fast tests, of all that stands on a dependency. Where the package index has no CPU build of so old
# a torch, pip fetches several gigabytes. What is deprecated today was the way to write it then.
OLDEST := build/oldest/bin/python -m
OLDEST_TESTS := $(addprefix tests/, autodiff/test_registry.py autodiff/test_tensor.py \
	cli/test_json_output.py data demo/test_demo_app.py demo/test_middleware.py floors interop nn optim \
	report/test_formats.py report/test_study_page.py statistics/test_holm.py \
	statistics/test_signflip.py study/test_files.py study/test_worker_compat.py study/test_spec.py)
.PHONY: oldest
oldest: ## Run the package's tests with the oldest releases allowed (pip may fetch gigabytes)
	$(PYTHON) -m venv --clear build/oldest
	$(PYTHON) tools/oldest.py | tee build/oldest/requirements.txt
	$(OLDEST) pip install --quiet --no-compile --requirement build/oldest/requirements.txt
	$(OLDEST) pip install --quiet --no-deps --no-build-isolation --editable .
	$(OLDEST) pytest -W ignore::DeprecationWarning -n auto $(OLDEST_TESTS) $(ARGS)
