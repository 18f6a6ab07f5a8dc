.PHONY: help accept bench load sbom install rehearse test check faults gates lock clean

help: ## Say what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Set everything up inside this folder
	@scripts/install

rehearse: install ## Run the whole delivery on this machine: push, dev, smoke tests, approval, prod
	@scripts/rehearsal run

test: install ## Check formats and types and run every test
	@scripts/test

faults: install ## Run 200,000 requests and 50,000 uploads while AWS fails; exits 1 if one is lost or doubled
	@.venv/bin/python -m tests.properties.faults
	@.venv/bin/python -m tests.properties.file_faults

bench: install ## Measure functions against naive ones, and deliveries; write docs/benchmarks.md
	@.venv/bin/python -m benchmarks

load: install ## Put the deployed service under load on the emulator, 2,000 requests, one worker killed
	@.venv/bin/python -m tests.rehearsal.load

check: install ## Check formats, lint and types
	@scripts/check

accept: install ## Write every reviewed file anew from what is synthesized, and print one diff of them
	@scripts/accept

gates: install ## Synthesize and judge what would be deployed, and look for secrets in the files
	@scripts/synth
	@scripts/gates --secrets

lock: install ## Write the lock files anew
	@scripts/lock

sbom: install ## Say what the Lambda assets are made of: packages, licences, known vulnerabilities
	@scripts/synth --output .build/sbom && scripts/supply-chain report .build/sbom

clean: ## Remove what install, synth, tests and rehearsals wrote
	@if [ -x .venv/bin/python ]; then scripts/rehearsal down && scripts/rehearsal clean; fi
	rm -rf .venv .venv-emulator node_modules .build .cache .rehearsal cdk.out reports .hypothesis .*_cache services/*/runtime/aws_models services/*/runtime/*/aws_models services/common/runtime/amazon_roots.pem
