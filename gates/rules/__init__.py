"""Our own rules: what cdk-nag, cfn-lint and cfn-guard all let pass.

A rule is a function over the delivery that yields what breaks it, registered with an id for life,
why it matters and how to fix it.

| ids | what | where |
|---|---|---|
| TAP-1xx | what leaks, never ends, or lets the wrong one in | `gates/rules` |
| TAP-2xx | what loses data | `gates/rules` |
| TAP-3xx | what builds install, run and hold | `gates/shape` |
| TAP-4xx | what may never be, whoever agrees to it | `gates/shape`, `gates/rules` |
| TAP-5xx | what nobody would notice | `gates/rules` |
| TAP-601 | secrets in files | `gates/tools/secrets.py` |
| TAP-602 | what was made here, committed | `gates/rules` |
| TAP-7xx | what differs from what was reviewed | `gates/reviewed` |
"""

from gates import reviewed
from gates.registry import RULES, Rule, check
from gates.rules import (
    alarms,
    data,
    exposure,
    loops,
    rollout,
    shadows,
    strangers,
    tracked,
    trust,
    workflow,
)
from gates.shape import (
    assets,
    builds,
    code,
    commands,
    deployments,
    guarding,
    literal,
    locks,
    order,
    parity,
    promotion,
    protection,
    roles,
    smoke,
    sources,
)

__all__ = ["RULES", "Rule", "check"]
_RULE_MODULES = (
    *(alarms, data, exposure, loops, rollout),
    *(shadows, strangers, tracked, trust, workflow),
    *(
        assets,
        builds,
        code,
        commands,
        deployments,
        guarding,
        literal,
        locks,
        order,
        parity,
        promotion,
        protection,
        roles,
        smoke,
        sources,
    ),
    reviewed,
)
