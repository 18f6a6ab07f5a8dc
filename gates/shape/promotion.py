"""The approver reads a page of this very release, and nothing else than that release is deployed.

Commands, variables and roles of the two builds are held word by word: one that says less, or of
something else, would have a person approve what they did not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from assembly.intended import APPROVAL, PIPELINE, PREVIEW, PROMOTE
from assembly.pipeline import APPROVES, Action
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape import bake, entry
from gates.shape.commands import CACHES, INSTALLS_TO_VERIFY
from gates.shape.entry import EXECUTION, NAMESPACE
from gates.shape.roles import Role, role_of, roles, statements

PAGE: Final = f"{PREVIEW}/Page"
MAKES_PAGE: Final = f"{PIPELINE}-preview"
VARIABLES: Final = ["changes", "digest", "running", "said"]
HANDS_ON: Final = {"exported-variables": VARIABLES}
LINKS: Final = (
    '[ ! -d "judged" ] || { echo \'additionalInputs: "judged" must not exist yet. If you want to '
    'merge multiple artifacts, use a "cp" command.\'; exit 1; } && '
    'ln -s -- "$CODEBUILD_SRC_DIR_Gates_Output" "judged"'
)
# The stage is skipped only where the page says that nothing would change, and the settings let it.
CONDITION: Final = {
    "Conditions": [
        {
            "Result": "SKIP",
            "Rules": [
                {
                    "Name": "SomethingChanges",
                    "RuleTypeId": {
                        "Category": "Rule",
                        "Owner": "AWS",
                        "Provider": "VariableCheck",
                        "Version": "1",
                    },
                    "Configuration": {
                        "Variable": f"#{{{NAMESPACE}.changes}}",
                        "Value": "false",
                        "Operator": "NE",
                    },
                }
            ],
        }
    ]
}
# What either build's role may do beside looking: fetch its source and log.
BUILDING: Final = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "kms:Decrypt",
    "kms:DescribeKey",
}
HISTORY: Final = {
    "codepipeline:GetPipelineState",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
}
ENTERS: Final = {"sts:AssumeRole", *HISTORY, "s3:ListBucket"}
PREVIEWS: Final = {
    *ENTERS,
    "codebuild:BatchGetBuilds",
    "codebuild:DescribeTestCases",
    "s3:PutObject",
}
# What the role in the environment's account may do beside reading.
CHANGE_SETS: Final = {"cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet"}
OWN_CHANGE_SETS: Final = {"StringLike": {"cloudformation:ChangeSetName": "promotion-*"}}
_ANYTHING: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PLACES: Final = "s3:PutObject"
READS: Final = ("Get", "GET", "List", "Describe", "BatchGet", "Detect")


@rule(
    "TAP-424",
    why="somebody would be asked to let in what no page tells them of, or a page of something else",
    fix=f"the stage {PREVIEW} makes the page, right before {PROMOTE}, which consists of the "
    "approval that links it; let pipeline/previewing.py and pipeline/promotion.py make both",
)
def approvers_see_what_they_approve(delivery: Delivery) -> Iterator[tuple[str, str]]:
    names = [stage.get("Name") for stage in delivery.pipeline.stages]
    guarded = delivery.intended.guarded.stage
    if names[-3:] != [PREVIEW, PROMOTE, guarded]:
        yield f"stage {PREVIEW}", f"the last stages are {names[-3:]}"
    actions = delivery.pipeline.actions_in(PREVIEW)
    if [action.where for action in actions] != [PAGE]:
        yield f"stage {PREVIEW}", f"consists of {[action.where for action in actions]}"
    for action in actions:
        yield from ((action.where, problem) for problem in _other(delivery, action))
        told = {"TAP_COMMIT": entry.commit(delivery), "TAP_EXECUTION": EXECUTION}
        if action.namespace != NAMESPACE or _given(action) != told:
            yield action.where, f"is told {_given(action)}, hands on as {action.namespace}"
    yield from _question(delivery)


def _question(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for action in delivery.pipeline.actions_in(PROMOTE):
        if action.kind != APPROVES or action.name != APPROVAL:
            yield action.where, "is no approval"
            continue
        said = str(action.configuration.get("CustomData"))
        for name in ("said", "digest"):
            if f"#{{{NAMESPACE}.{name}}}" not in said:
                yield action.where, f"does not say what the page says of {name}"
        if action.configuration.get("ExternalEntityLink") != page_address(delivery):
            yield action.where, "does not link the page of its execution"
    skips = delivery.intended.settings.skip_approval_without_changes
    for stage in delivery.pipeline.stages:
        if stage.get("Name") == PROMOTE:
            found = plain(stage.get("BeforeEntry"))
            if found != (CONDITION if skips else None):
                yield f"stage {PROMOTE}", f"is entered by another condition: {found}"


def page_address(delivery: Delivery) -> str:
    """Where a person opens the page of an execution, in the console of tools."""
    tools, region = delivery.intended.tools, delivery.intended.region
    bucket = f"{PIPELINE}-decisions-{tools}-{region}"
    place = f"{bucket}?region={region}&prefix=promotions/{EXECUTION}.html"
    return f"https://{region}.console.aws.amazon.com/s3/object/{place}"


@rule(
    "TAP-425",
    why="another release than the approved one could be deployed, or onto another version than the "
    "page was made against",
    fix="the build that is asked at the entry of the guarded environment's stage ends with "
    "scripts/confirm, and is told what the page said; let pipeline/entering.py make it",
)
def what_was_approved_is_deployed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    guarded = delivery.intended.guarded
    wanted, where = entry.rule(delivery, guarded), f"stage {guarded.stage}"
    entries = [
        rule
        for stage in delivery.pipeline.stages
        if stage.get("Name") == guarded.stage
        for condition in plain(stage.get("BeforeEntry", {})).get("Conditions", [])
        for rule in condition.get("Rules", [])
        if condition.get("Result") == "FAIL"
    ]
    if wanted not in entries:
        yield where, f"is not entered by what the page said: {entries}"
    build = entry.build(delivery, guarded)
    if build is None or build.commands[-1:] != [entry.confirmation(delivery)]:
        yield where, f"asks last: {build.commands[-1:] if build else 'nothing'}"


def _other(delivery: Delivery, action: Action) -> Iterator[str]:
    """How the build differs from the one that makes the page of what was judged."""
    build = delivery.pipeline.build_of(action)
    if build is None or build.name != MAKES_PAGE:
        yield f"does not run the project {MAKES_PAGE}"
        return
    if build.commands != [LINKS, CACHES, INSTALLS_TO_VERIFY, *_commands(delivery)]:
        yield f"runs {build.commands}"
    yield from entry.steered(build, HANDS_ON)
    source = entry.source(delivery)
    if action.inputs != [*source, *entry.judged(delivery)]:
        yield f"works on {action.inputs}"
    if [action.configuration.get("PrimarySource")] != source:
        yield "runs the scripts of something else than the source"


def _commands(delivery: Delivery) -> Iterator[str]:
    guarded = delivery.intended.guarded
    role = delivery.intended.bootstrap_role(guarded.account, "preview")
    yield (
        f"bash scripts/preview judged --pipeline {PIPELINE} --role-arn {role} "
        '--execution "$TAP_EXECUTION" --commit "$TAP_COMMIT"'
    )
    for line, name in enumerate(VARIABLES, 1):
        yield f"export {name}=$(sed -n {line}p reports/promotion.txt)"
    yield '[ "$changes" = true ] || [ "$changes" = false ]'
    yield '[ -n "$digest" ] && [ -n "$running" ] && [ -n "$said" ]'


def _given(action: Action) -> dict[str, str]:
    return {
        str(each["name"]): str(each["value"])
        for each in action.variables
        if each.get("type", "PLAINTEXT") == "PLAINTEXT"
    }


@rule(
    "TAP-426",
    why="what only looks at the guarded environment could change it, or decide in a person's place",
    fix="these builds' roles take the preview role of the guarded account, read the pipeline and "
    "keep pages; that role reads, and makes change sets of its own names, which nobody executes",
)
def looking_changes_nothing(delivery: Delivery) -> Iterator[tuple[str, str]]:
    guarded = delivery.intended.guarded
    look = delivery.intended.bootstrap_role(guarded.account, "preview")
    looks = {MAKES_PAGE: PREVIEWS, entry.project(guarded): ENTERS}
    if guarded.bake_minutes:
        looks[bake.project(guarded)] = bake.MAY
    for build in delivery.pipeline.builds:
        role = role_of(delivery.pipeline.template, build.role)
        if build.name in looks:
            if role is None or role.properties.get("RoleName") != build.name:
                yield build.where, f"runs as {build.role}"
            else:
                for problem in _beyond_looking(role, look, looks[build.name]):
                    yield role.where, problem
        elif role is not None and look in role.allows("sts:AssumeRole"):
            yield build.where, "may take the role that looks at the guarded environment"
    yield from _of_bootstrap(delivery)


def _beyond_looking(role: Role, look: str, may: set[str]) -> Iterator[str]:
    if list(role.allows("sts:AssumeRole")) != [look] or role.managed:
        yield f"may assume {[*role.allows('sts:AssumeRole'), *role.managed]}"
    for statement in role.statements:
        actions = {str(each) for each in listed(statement.get("Action"))}
        resources = [str(each) for each in listed(statement.get("Resource"))]
        extra = actions - BUILDING - may
        if extra or "NotAction" in statement or "NotResource" in statement or "*" in resources:
            yield f"may {sorted(extra) or 'act'} on {statement.get('Resource')}"
        if PLACES in actions and not all(each.endswith("/promotions/*") for each in resources):
            yield f"may write {statement.get('Resource')}"


def _of_bootstrap(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """Of the template that the owners of environments apply."""
    for template in delivery.beside:
        for role in roles(template):
            if "-preview-role-" in str(plain(role.properties.get("RoleName"))):
                for each in [*role.statements, *_of_managed(role)]:
                    # What only some environments get stands under a condition.
                    statement = each["Fn::If"][1] if "Fn::If" in each else each
                    yield from ((role.where, p) for p in _beyond_reading(statement))


def _of_managed(role: Role) -> Iterator[dict[str, Any]]:
    """What its managed policies say; of one that is not its template's, that it may do anything."""
    resources = role.template.body.get("Resources", {})
    for name in role.managed:
        policy = resources.get(name.strip("<>"), {}).get("Properties")
        yield from statements(policy["PolicyDocument"]) if policy else [_ANYTHING]


def _beyond_reading(statement: dict[str, Any]) -> Iterator[str]:
    if "NotAction" in statement or statement.get("Effect") != "Allow":
        yield "says otherwise than by what it may do"
    resources = [str(each) for each in listed(statement.get("Resource"))]
    for action in map(str, listed(statement.get("Action"))):
        if action in CHANGE_SETS:
            fine = statement.get("Condition") == OWN_CHANGE_SETS
        elif action == PLACES:
            fine = all(each.endswith("/promotion/*") for each in resources)
        else:
            fine = action.partition(":")[2].startswith(READS)
        if not fine:
            yield f"may {action} on {', '.join(resources)}"
