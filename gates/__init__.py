"""The gates: what must hold before anything is deployed, judged over what would be deployed.

One command (`scripts/gates`, `make gates`, and the pipeline's build after its synth) reads the
cloud assembly, the bootstrap templates and the checkout. It never imports the code that made them:
no construct can talk a gate into looking away.

- `assembly.py` reads templates, with each resource's construct path and its stack's account.
- `tools/` runs cdk-nag, cfn-lint, cfn-guard and the secrets scan, on copies of the templates that
  are stripped of every tool's own way to suppress a finding.
- `rules/` holds our own rules, TAP-…, for what none of these tools finds.
- `acknowledged.toml` is the only place where a finding may be accepted, with a reason.
"""
