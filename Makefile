# Targets call nox sessions, which noxfile.py describes: `test` without k= calls lint, roundtrip and test,
# each other one a single session. `##` names the target's variables.
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
override rename := $(value rename)
override no_rename := $(value no_rename)
override fill := $(value fill)
override dry_run := $(value dry_run)
override sql := $(value sql)
override plain := $(value plain)
override v := $(value v)
override verbose := $(value verbose)
override yes := $(value yes)
export m rev do k format empty amend base rename no_rename fill dry_run sql plain v verbose yes

.DEFAULT_GOAL := help
.PHONY: help tools test lint format roundtrip parity drift revision rebase migrate upgrade downgrade history current plan doctor check db pins

help: ## List the targets
	@"$(PYTHON)" $(ROOT)/tools/targets.py

tools: bootstrap ## Install pinned nox and uv into .tools and print the PATH line to use
	@printf 'export PATH="%s/.tools/bin:$$PATH"\n' "$$(cd $(ROOT) && pwd)"

.PHONY: bootstrap
bootstrap:
	@"$(PYTHON)" $(ROOT)/tools/bootstrap.py

migrate: bootstrap ## rev=REVISION, default: the newest
	@$(NOX) -s upgrade $(if $(value rev),-- "$$rev")

upgrade: migrate

downgrade: bootstrap ## rev=REVISION, default: the one before; yes=1 does not ask
	@$(NOX) -s downgrade -- $${rev:+"$$rev"} $${yes:+--yes}

revision: bootstrap ## m="message"; rename=OLD=NEW, fill=COLUMN=SQL; empty=1, amend=1, dry_run=1, sql=1, plain=1
	@test -n "$$m$$amend" || { echo 'name what changes: make revision m="add user preferences"' >&2; exit 2; }
	@$(NOX) -s revision -- $${empty:+--empty} $${amend:+--amend} $${dry_run:+--dry-run} $${sql:+--sql} $${plain:+--plain} \
		$${rename:+--rename "$$rename"} $${no_rename:+--no-rename} $${fill:+--fill "$$fill"} $${m:+"$$m"}

rebase: bootstrap ## base=REF, default: origin's main branch
	@$(NOX) -s rebase -- $${base:+--base-ref "$$base"}

test: bootstrap ## after lint and roundtrip; k=WORD: matching tests only
	@$(NOX) $${k:+-s test -- -k "$$k"}

lint: bootstrap ##
	@$(NOX) -s lint

format: bootstrap ##
	@$(NOX) -s format

roundtrip: bootstrap ## rev=REVISION, format=json, v=1
	@$(NOX) -s roundtrip -- $${v:+-v} $${verbose:+-v} $${format:+--format "$$format"} $${rev:+"$$rev"}

parity: bootstrap ## format=json
	@$(NOX) -s parity -- $${format:+--format "$$format"}

drift: bootstrap ## format=json
	@$(NOX) -s drift -- $${format:+--format "$$format"}

history: bootstrap ##
	@$(NOX) -s history

current: bootstrap ##
	@$(NOX) -s current

plan: bootstrap ## rev=REVISION, default: the newest
	@$(NOX) -s plan $(if $(value rev),-- "$$rev")

doctor: bootstrap ## format=json
	@$(NOX) -s doctor -- $${format:+--format "$$format"}

check: bootstrap ##
	@$(NOX) -s check

db: bootstrap ## do=start, stop, status, url, shell or reset
	@set -f; $(NOX) -s db -- $${do:-status}

pins: bootstrap ##
	@$(NOX) -s pins

.DEFAULT:
	@"$(PYTHON)" $(ROOT)/tools/targets.py "$@"
