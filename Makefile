# Two commands are all a newcomer needs: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE = 1
export TOKENIZERS_PARALLELISM = false

.PHONY: help environment run test check format evals faults prove mutants record bench screenshots

help: ## what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

environment:
	@$(PYTHON) scripts/environment.py

# Taken as they are: make would read the $4 of "$49" as a variable of its own.
override TICKET := $(value TICKET)
override CUSTOMER := $(value CUSTOMER)
export TICKET CUSTOMER

run: environment ## set everything up and resolve the story tickets (or TICKET="…" CUSTOMER=cus_…)
	@if [ -n "$$TICKET" ]; then $(BIN)/lee resolve "$$TICKET" --customer "$$CUSTOMER"; else $(BIN)/lee stories; fi

test: environment check ## all checks and tests
	$(BIN)/pytest -n 2 --dist worksteal

check: environment ## formatting, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache

format: environment ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

evals: environment ## the recorded tickets, graded by the difference of the whole sandbox world
	$(BIN)/lee evals run

faults: environment ## docs/faults.md anew: every tool, every failure of Stripe, every death (a quarter of an hour)
	$(BIN)/python -m evals.faults

prove: environment ## what takes too long for `make test`: the money suites with their large counts, the faults again
	PROVE=1 $(BIN)/pytest -n 2 --dist worksteal --timeout 0 tests/policy tests/simulation tests/audit tests/tools/test_completeness.py tests/tools/test_ownership.py tests/store tests/process tests/hostile
	$(BIN)/python -m evals.faults --check

mutants: environment ## docs/mutation.md anew: every small fault in the law, and whether a test objects (an hour)
	nice -n 15 $(BIN)/python -m scripts.mutate --write

record: environment ## record both wire formats anew (with STRIPE_API_KEY and OPENAI_API_KEY: from the real ones)
	$(BIN)/python -m tests.recordings.record

bench: environment ## what a turn, a start and a ticket cost here (OTHERS=<python with openai-agents and pydantic-ai>)
	@$(BIN)/python -m evals.bench $(if $(OTHERS),--others $(OTHERS))

screenshots: environment ## docs/screenshots anew, of the sandbox's pages in Debian's chromium
	$(BIN)/python -m scripts.screenshots
