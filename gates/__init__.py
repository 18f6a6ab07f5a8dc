"""The gates: what must hold before anything is deployed, judged over what would be deployed.

One command (`scripts/gates`, `make gates`, and a build of its own in the pipeline) reads the
cloud assembly, the bootstrap templates and the checkout. It never imports the code that made them:
no construct can talk a gate into looking away.

- `delivery.py` is what is judged; `assembly/` reads it.
- `tools/` runs cdk-nag, cfn-lint, cfn-guard and the secrets scan, on copies of the templates that
  are stripped of every tool's own way to suppress a finding.
- `rules/` and `shape/` hold our own rules, TAP-…, for what none of these tools finds: `rules/` for
  templates, `shape/` for the delivery. `registry.py` says how a rule is written.
- `reviewed/` holds the texts that a person has to have read, and compares them.
- `acknowledged.toml` is the only place where a finding may be accepted, with a reason and an end.
  What may never be cannot be, nor a difference from what was reviewed.
- `taking.py` takes an assembly over from the build that made it.
- `supply_chain/` is a tool of its own: what Lambda assets are made of.
"""
