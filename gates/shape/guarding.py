"""What guards the delivery changes only with a person's yes, and what was judged is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from assembly.intended import GUARDS as STAGE
from assembly.pipeline import APPROVES, Build
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape.commands import CACHES
from gates.shape.roles import role_of
from guards.held import commands, held

FIRST: Final = ["Source", "Compare", STAGE, "Build", "UpdatePipeline"]
COMPARE, SYNTH, GATES = "Compare/Compare", "Build/Synth", "Build/Gates"
COMPARES: Final = "tap-pipeline-guards"
NAMESPACE: Final = "Guards"
# The stage is entered where the rule holds, and skipped where it does not (CodePipeline user guide,
# "Configure conditions for a stage").
CONDITION: Final = {
    "Conditions": [
        {
            "Result": "SKIP",
            "Rules": [
                {
                    "Name": "GuardsChanged",
                    "RuleTypeId": {
                        "Category": "Rule",
                        "Owner": "AWS",
                        "Provider": "VariableCheck",
                        "Version": "1",
                    },
                    "Configuration": {
                        "Variable": f"#{{{NAMESPACE}.unchanged}}",
                        "Value": "true",
                        "Operator": "NE",
                    },
                }
            ],
        }
    ]
}
# The commands of the gates' build: its second source is linked, as CDK Pipelines does it, and taken
# over; what was taken is judged last.
JUDGES: Final = (
    '[ ! -d "synthesized" ] || { echo \'additionalInputs: "synthesized" must not exist yet. If you '
    'want to merge multiple artifacts, use a "cp" command.\'; exit 1; } && '
    'ln -s -- "$CODEBUILD_SRC_DIR_Synth_Output" "synthesized"',
    CACHES,
    "bash scripts/install-python",
    "bash scripts/install-node --omit=dev",
    "bash scripts/take synthesized judged",
    "bash scripts/supply-chain sbom judged",
    "bash scripts/gates --assembly judged",
)
# What the name of a judged artifact's object looks like: PIPELINE/ARTIFACT/ID, names cut short.
JUDGED: Final = ("tap-pipeline/Gates_Outp/aBcDeFg", "tap-pipeline/Gates_Output/aBcDeFg")


@rule(
    "TAP-421",
    why="a commit could change what guards the delivery, and the pipeline itself, with nobody "
    "having said yes",
    fix=f"the stage {STAGE}, before anything of a commit runs, has one approval and is skipped "
    "only while the comparison says that no guard changed",
)
def guards_wait_for_a_person(delivery: Delivery) -> Iterator[tuple[str, str]]:
    stages = delivery.pipeline.stages
    names = [stage.get("Name") for stage in stages]
    if names[: len(FIRST)] != FIRST:
        yield f"stage {STAGE}", f"the first stages are {names[: len(FIRST)]}, not {FIRST}"
    for stage in (each for each in stages if each.get("Name") == STAGE):
        kinds = [action.kind for action in delivery.pipeline.actions_in(STAGE)]
        if kinds != [APPROVES]:
            yield f"stage {STAGE}", f"consists of {kinds}, not of one approval"
        if stage.get("BeforeEntry") != CONDITION:
            yield f"stage {STAGE}", f"is entered by another condition: {stage.get('BeforeEntry')}"


@rule(
    "TAP-422",
    why="the pipeline would hold other guards than those it is made from, or compare them by other "
    "means than its own, and a changed guard would pass for unchanged",
    fix="run scripts/synth again when files changed after it; else let pipeline/guarding.py make "
    "the comparison: an inline buildspec, the source alone as its input, no other rights",
)
def guards_are_compared(delivery: Delivery) -> Iterator[tuple[str, str]]:
    pipeline = delivery.pipeline
    actions = [each for each in pipeline.actions if each.where == COMPARE]
    source = [name for a in pipeline.actions if a.kind.startswith("Source/") for name in a.outputs]
    for action in actions:
        build = pipeline.build_of(action)
        if build is None or build.name != COMPARES:
            yield action.where, f"does not run the project {COMPARES}"
        else:
            yield from ((action.where, problem) for problem in _other(delivery, build))
        if action.inputs != source or action.namespace != NAMESPACE or action.variables:
            yield action.where, f"works on {action.inputs}, hands on as {action.namespace}"
    if len(actions) != 1 or len(pipeline.actions_in("Compare")) != 1:
        yield COMPARE, "is not the one action of its stage"


def _other(delivery: Delivery, build: Build) -> Iterator[str]:
    globs = delivery.intended.settings.guards
    wanted = commands(held(delivery.checkout, globs))
    if build.commands != wanted:
        only_held = build.commands[1:] == wanted[1:]
        yield "holds other guards than the files are" if only_held else "runs other commands"
    if build.buildspec.get("env") != {"exported-variables": ["unchanged", "changed"]}:
        yield f"hands on {build.buildspec.get('env')}"
    if build.properties.get("Cache", {"Type": "NO_CACHE"}) != {"Type": "NO_CACHE"}:
        yield "has a cache, which another build may have filled"
    role = role_of(delivery.pipeline.template, build.role)
    beyond = (
        "s3:PutObject",
        "sts:AssumeRole",
        "ssm:GetParameters",
        "secretsmanager:GetSecretValue",
    )
    for right in beyond:
        if role is None or [*role.allows(right), *role.managed]:
            yield f"may {right}"


@rule(
    "TAP-423",
    why="something else than what was judged could be deployed",
    fix="the gates take over what Build/Synth made, judge it last, in a build of "
    "their own, and alone may store it; every later action works on what they stored",
)
def what_is_judged_is_deployed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    pipeline = delivery.pipeline
    made = {action.where: action for action in pipeline.actions if action.stage == "Build"}
    if set(made) != {SYNTH, GATES}:
        yield "stage Build", f"has the actions {sorted(made)}"
        return
    build = pipeline.build_of(made[GATES])
    if build is None or tuple(build.commands) != JUDGES:
        yield GATES, f"runs {build.commands if build else 'nothing'}"
    elif build.buildspec.get("artifacts", {}).get("base-directory") != "judged":
        yield GATES, "hands on another folder than the judged one"
    if not set(made[SYNTH].outputs) < set(made[GATES].inputs):
        yield GATES, f"works on {made[GATES].inputs}"
    for other in pipeline.builds:
        role = role_of(pipeline.template, other.role)
        if build is not None and other.name != build.name and role is not None:
            for resource in role.allows("s3:PutObject"):
                if _reaches_judged(resource):
                    yield other.where, f"may write {resource}"


def _reaches_judged(resource: Any) -> bool:
    objects = str(resource).partition("/")[2] or "*"
    return any(fnmatchcase(name, objects) for name in JUDGED)
