# Everything runs from .venv, which is made on first use.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := chromium postgresql strace poppler-utils
# A file's tests stay together: they share what the file has built.
SPREAD := -n 2 --dist loadfile
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.PHONY: help demo up check mutants test fuzz lint types packages clean
.DEFAULT_GOAL := help

help: ## What can be made
	@grep -E '^[a-z.]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z.]+):.*## /\1\t/' | expand -t 10

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	touch $@

demo: $(VENV)/.installed ## The main job from usage to invoices, in ./.tallystick
	$(BIN)/tallystick demo $(ARGS)

up: $(VENV)/.installed ## API, console, Dagster's pages and daemon; Ctrl-C stops all of them
	$(BIN)/tallystick init
	$(BIN)/tallystick up $(ARGS)

lint: $(VENV)/.installed ## Style of Python
	$(BIN)/ruff check .

types: $(VENV)/.installed ## Types of Python
	$(BIN)/mypy

check: lint types ## The quick loop: lint, types, unit and meta tests (the compiled SQL's lint among them; not the mutants, nor invoices over the API)
	$(BIN)/pytest tests/unit tests/meta --ignore tests/meta/test_mutants.py --ignore tests/unit/api/test_invoices.py -x --catalog sqlite $(SPREAD)

mutants: $(VENV)/.installed ## What neither unit tests nor golden cases notice when the rating SQL is changed (minutes)
	$(BIN)/python -m tests.meta.mutants $(or $(LAYER),rating)

test: $(VENV)/.installed packages lint types ## Everything
	$(BIN)/pytest tests $(SPREAD)

fuzz: $(VENV)/.installed ## 1,000 drawn requests of every operation of the API (an hour or more; FUZZ_EXAMPLES=n for another number)
	FUZZ_EXAMPLES=$(or $(FUZZ_EXAMPLES),1000) $(BIN)/pytest tests/e2e/test_fuzz.py --timeout 3600

packages: ## Debian packages that the tests use
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		dpkg -s $(PACKAGES) >/dev/null 2>&1 || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES); }; \
	else \
		for package in $(PACKAGES); do dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; done; \
		if [ -n "$$missing" ]; then \
			echo "Some tests need Debian packages. Install them with:  sudo apt-get install -y --no-install-recommends$$missing"; \
			if [ "$$CI" = true ]; then exit 1; fi; \
		fi; \
	fi

clean: ## Remove what was built (not .tallystick, which may hold your books)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache dbt_project/target
