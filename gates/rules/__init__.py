"""Our own rules: what cdk-nag, cfn-lint and cfn-guard all let pass.

A rule is a function over the assembly that yields what breaks it, registered with an id for life,
why it matters and how to fix it. TAP-1xx: what leaks or never ends. TAP-2xx: what loses data.
TAP-3xx: builds. TAP-4xx: delivery. TAP-5xx: what nobody would notice. TAP-601 is the secrets
scan's, TAP-SHAPE-… the pipeline's shape's.
"""

from gates.rules import alarms, builds, data, delivery, exposure, loops, trust, workflow
from gates.rules.registry import RULES, Rule, check

__all__ = ["RULES", "Rule", "check"]
_RULE_MODULES = (alarms, builds, data, delivery, exposure, loops, trust, workflow)
