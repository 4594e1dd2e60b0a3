# Every target is one nox call; `make` alone lists them. noxfile.py is the definition.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,\
            $(if $(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print(1)' 2>/dev/null),$(p))) python3)
# The checkout's root, as seen from where make runs: packages/backend includes this file.
ROOT := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
NOX := $(ROOT)/.tools/bin/python -m nox$(if $(filter-out .,$(ROOT)), -f $(ROOT)/noxfile.py)

# What is typed reaches the command as it was typed: neither make nor the shell reads it as code.
override m := $(value m)
override rev := $(value rev)
override do := $(value do)
override k := $(value k)
override format := $(value format)
override empty := $(value empty)
override amend := $(value amend)
override base := $(value base)
override v := $(value v)
override verbose := $(value verbose)
export m rev do k format empty amend base v verbose

.DEFAULT_GOAL := help
.PHONY: help tools test lint format roundtrip parity drift revision rebase migrate upgrade downgrade history current check db pins

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(ROOT)/Makefile

tools: bootstrap ## Install pinned nox and uv into .tools and print the PATH line to use
	@printf 'export PATH="%s/.tools/bin:$$PATH"\n' "$$(cd $(ROOT) && pwd)"

.PHONY: bootstrap
bootstrap:
	@"$(PYTHON)" $(ROOT)/tools/bootstrap.py

migrate: bootstrap ## Migrate the database to the newest revision (rev=REVISION for another)
	@$(NOX) -s upgrade $(if $(value rev),-- "$$rev")

upgrade: migrate

downgrade: bootstrap ## Take the newest revision back (rev=REVISION for another target)
	@$(NOX) -s downgrade $(if $(value rev),-- "$$rev")

revision: bootstrap ## Write a revision from the models' changes: make revision m="message" (empty=1, amend=1)
	@test -n "$$m$$amend" || { echo 'name what changes: make revision m="add user preferences"' >&2; exit 2; }
	@$(NOX) -s revision -- $${empty:+--empty} $${amend:+--amend} $${m:+"$$m"}

rebase: bootstrap ## Put your revisions behind those that were merged meanwhile (base=REF: another branch than origin's)
	@$(NOX) -s rebase -- $${base:+--base-ref "$$base"}

test: bootstrap ## Lint, prove the round trip, run the test suite: what CI runs (k=WORD: matching tests alone)
	@$(NOX) $${k:+-s test -- -k "$$k"}

lint: bootstrap ## Check style, types, layers and every revision
	@$(NOX) -s lint

format: bootstrap ## Fix what can be fixed
	@$(NOX) -s format

roundtrip: bootstrap ## Prove that every revision goes up, down and up again (rev=REVISION: that one; format=json; v=1: all notes)
	@$(NOX) -s roundtrip -- $${v:+-v} $${verbose:+-v} $${format:+--format "$$format"} $${rev:+"$$rev"}

parity: bootstrap ## Prove that models and history build the same database
	@$(NOX) -s parity -- $${format:+--format "$$format"}

drift: bootstrap ## Compare the database with its history: everything, and only reading
	@$(NOX) -s drift -- $${format:+--format "$$format"}

history: bootstrap ## List the revisions
	@$(NOX) -s history

current: bootstrap ## Show the revision that the database is at
	@$(NOX) -s current

check: bootstrap ## Compare the database with the models, as far as Alembic sees
	@$(NOX) -s check

db: bootstrap ## Handle the local server: make db do=start|stop|status|url|shell|reset
	@set -f; $(NOX) -s db -- $${do:-status}

pins: bootstrap ## Refresh the exact versions in pyproject.toml
	@$(NOX) -s pins

.DEFAULT:
	@"$(PYTHON)" $(ROOT)/tools/unknown_target.py $(ROOT)/Makefile "$@"
