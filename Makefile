# What you can do here. `make` alone prints this list.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMPS := $(VENV)/stamps

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check bench bench-quality bench-speed clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMPS)/run ## create .venv and install what the app needs (redone when requirements.txt changes)

setup-dev: $(STAMPS)/dev ## the same, with the test tools, a browser, strace and redis-server
	@tests/install_browser.sh

run: setup ## start the app (PORT=8501)
	@echo "Sightline opens at http://localhost:$(PORT) (Ctrl-C stops it)"
	@$(BIN)/streamlit run streamlit_app.py --server.port $(PORT)

test: setup-dev ## run the tests
	@$(BIN)/python -m pytest

check: $(STAMPS)/dev ## lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

bench-quality: $(STAMPS)/dev ## how often the right passage is found: on the samples, and on question sets in SETS=FOLDER
	@$(BIN)/python -m benchmarks.quality
	@$(BIN)/python -m benchmarks.question_sets $(SETS)

bench-speed: $(STAMPS)/dev ## how fast questions are answered in libraries of 1,000, 10,000 and 100,000 chunks
	@$(BIN)/python -m benchmarks.query_speed --chunks 1000 10000 100000

bench: $(STAMPS)/dev ## run the benchmarks; each prints a table
	@set -e; for file in $$(grep -l __main__ benchmarks/*.py); do \
		echo "== $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)"; done

clean: ## delete .venv and everything that tools left behind
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis screenshots
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Sightline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Choose another: make $(or $(MAKECMDGOALS),run) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "No virtual environment could be made. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

$(STAMPS)/run: requirements.txt | $(BIN)/python
	@echo "Installing requirements.txt into $(VENV): some minutes the first time"
	@$(PIP) install -r requirements.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.txt $(STAMPS)/run
	@echo "Installing requirements-dev.txt into $(VENV)"
	@$(PIP) install -r requirements-dev.txt
	@touch $@
