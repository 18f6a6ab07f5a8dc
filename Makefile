.PHONY: help install rehearse test check lock clean

help: ## Say what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Set everything up inside this folder
	@scripts/install

rehearse: install ## Run the whole delivery on this machine: push, dev, smoke tests, approval, prod
	@.venv/bin/python -m rehearsal run

test: install ## Check formats and types and run every test
	@scripts/test

check: install ## Check formats, lint and types
	@scripts/check

lock: install ## Write the lock files anew
	@scripts/lock

clean: ## Remove what install, synth, tests and rehearsals wrote
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m rehearsal down; fi
	rm -rf .venv .venv-emulator node_modules .build .rehearsal cdk.out reports
