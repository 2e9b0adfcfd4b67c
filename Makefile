# Everything a person or the CI does with this project. `make run` and `make test` need Python 3.11+ and make, no more.
PYTHON ?= python3
BIN := .venv/bin
KG := $(BIN)/kg

TESTED := .coverage.passed
SEEN := kg tests ontology data queries benchmarks pyproject.toml

.PHONY: run test check format docs editor bench clean

# Build the store from the project's data, validate it, answer the headline questions, write the exports.
run: .venv/run.done
	$(KG) build
	$(KG) documents
	$(KG) ask agreements
	$(KG) ask agreements-between --state "United States" --other "El Salvador"
	$(KG) ask took-effect
	$(KG) ask ended-by
	$(KG) ask transfer-routes --from "United States" --to "El Salvador"
	$(KG) ask conflicts
	@mkdir -p build
	$(KG) export --format turtle -o build/pactgraph.ttl
	$(KG) export --format trig -o build/pactgraph.trig
	$(KG) export --format jsonld -o build/pactgraph.jsonld
	@echo "To ask on pages instead: $(KG) serve, then open http://127.0.0.1:8000/"

# Coverage is measured on the way, so that `make check` need not run all tests a second time.
test: .venv/dev.done docs
	@rm -f $(TESTED)
	$(BIN)/coverage run -m pytest -q
	@touch $(TESTED)

# What the CI runs: format, lint, types, tests with coverage, documentation. The tests count as run as long as nothing
# that they see is newer.
check: .venv/dev.done docs
	@if [ ! -e $(TESTED) ] || [ -n "$$(find $(SEEN) -newer $(TESTED) -type f -not -name '*.pyc' \
	-not -path '*/static/*' -not -path '*/node_modules/*' -print -quit)" ]; then $(MAKE) test; fi
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(KG) validate --quiet
	$(BIN)/coverage report --fail-under=85

format: .venv/dev.done
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The terms of the ontology, for the page at /ontology. Without it all else works, and /ontology shows what the store says.
docs: .venv/dev.done
	$(BIN)/python docs/ontology_page.py kg/web/static/ontology.html

# The SPARQL editor of the pages. Without Node all else works, and /sparql shows a plain form.
editor:
	@if command -v npm > /dev/null; then cd kg/web/editor && npm ci --silent --no-audit --no-fund && npm run --silent build; \
	else echo "The SPARQL editor is left out: building it needs npm (Node 20 or newer)."; fi

# Some half an hour; `make bench BENCH=--quick` takes some minutes. Virtuoso and wrk take part where they are installed.
bench: .venv/bench.done
	$(BIN)/python -m benchmarks $(BENCH)

.venv/run.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/dev.done: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/run.done

.venv/bench.done: .venv/dev.done
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

clean:
	rm -rf .venv .kg build dist
