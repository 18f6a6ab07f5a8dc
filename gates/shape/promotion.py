"""The approver reads a page of this very release, and nothing else than that release is deployed.

Commands, variables and roles of the two builds are held word by word: one that says less, or of
something else, would have a person approve what they did not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from assembly.intended import APPROVAL, PIPELINE, PREVIEW, PROMOTE
from assembly.pipeline import APPROVES, Action, Build
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule
from gates.shape.commands import CACHES
from gates.shape.guarding import GATES
from gates.shape.roles import Role, role_of, roles, statements

PAGE: Final = f"{PREVIEW}/Page"
NAMESPACE: Final = "Preview"
VARIABLES: Final = ["changes", "digest", "running", "said"]
EXECUTION: Final = "#{codepipeline.PipelineExecutionId}"
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
LOOKS: Final = {
    "tap-pipeline-preview": {
        "sts:AssumeRole",
        "codepipeline:GetPipelineState",
        "codepipeline:ListActionExecutions",
        "codepipeline:ListPipelineExecutions",
        "codebuild:BatchGetBuilds",
        "codebuild:DescribeTestCases",
        "s3:ListBucket",
        "s3:PutObject",
    },
    "tap-pipeline-confirm": {"sts:AssumeRole", "codepipeline:GetPipelineExecution"},
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
        commands = [_command(delivery, "preview"), *_handing_on()]
        environment = {"exported-variables": VARIABLES}
        for problem in _other(delivery, action, "preview", commands, environment):
            yield action.where, problem
        if action.namespace != NAMESPACE or _given(action) != _told(delivery):
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
    fix="the first action of the guarded environment's stage, alone in its run order, is Confirm; "
    "let pipeline/confirming.py make it",
)
def what_was_approved_is_deployed(delivery: Delivery) -> Iterator[tuple[str, str]]:
    stage = delivery.intended.guarded.stage
    actions = delivery.pipeline.actions_in(stage)
    if [a.name for a in actions if a.position == actions[0].position] != ["Confirm"]:
        yield f"stage {stage}", "does not begin with Confirm"
        return
    first = actions[0]
    told = {
        **_told(delivery),
        "TAP_DIGEST": f"#{{{NAMESPACE}.digest}}",
        "TAP_RUNNING": f"#{{{NAMESPACE}.running}}",
    }
    ending = '--digest "$TAP_DIGEST" --running "$TAP_RUNNING"'
    commands = [f"{_command(delivery, 'confirm')} {ending}"]
    for problem in _other(delivery, first, "confirm", commands, None):
        yield first.where, problem
    if _given(first) != told:
        yield first.where, f"is told {_given(first)}"


def _other(
    delivery: Delivery, action: Action, script: str, commands: list[str], environment: Any
) -> Iterator[str]:
    """How the build differs from the one that runs `commands` on the source and what was judged."""
    build = delivery.pipeline.build_of(action)
    if build is None or build.name != f"{PIPELINE}-{script}":
        yield f"does not run the project {PIPELINE}-{script}"
        return
    wanted = [LINKS, CACHES, "bash scripts/install-python", *commands]
    if build.commands != wanted:
        yield f"runs {build.commands}"
    if build.buildspec.get("env") != environment or set(build.buildspec) & {"artifacts", "reports"}:
        yield "hands on something else"
    artifacts = {a.where: a for a in delivery.pipeline.actions}
    source = [n for a in artifacts.values() if a.kind.startswith("Source/") for n in a.outputs]
    judged = artifacts[GATES].outputs if GATES in artifacts else []
    if action.inputs != [*source, *judged]:
        yield f"works on {action.inputs}"
    if [action.configuration.get("PrimarySource")] != source:
        yield "runs the scripts of something else than the source"
    known = {"CDK_DISABLE_CLI_TELEMETRY", "CDK_DISABLE_VERSION_CHECK"}
    if {each["Name"] for each in build.variables} != known:
        yield f"has the variables {[each['Name'] for each in build.variables]}"


def _command(delivery: Delivery, script: str) -> str:
    guarded = delivery.intended.guarded
    role = delivery.intended.bootstrap_role(guarded.account, "preview")
    return (
        f"bash scripts/{script} judged --pipeline {PIPELINE} --role-arn {role} "
        '--execution "$TAP_EXECUTION" --commit "$TAP_COMMIT"'
    )


def _handing_on() -> list[str]:
    return [
        *(f"export {n}=$(sed -n {i}p reports/promotion.txt)" for i, n in enumerate(VARIABLES, 1)),
        '[ "$changes" = true ] || [ "$changes" = false ]',
        '[ -n "$digest" ] && [ -n "$running" ] && [ -n "$said" ]',
    ]


def _told(delivery: Delivery) -> dict[str, str]:
    commits = [
        f"#{{{action.namespace}.{'VersionId' if action.kind == 'Source/S3' else 'CommitId'}}}"
        for action in delivery.pipeline.actions
        if action.kind.startswith("Source/")
    ]
    return {"TAP_COMMIT": " or ".join(commits), "TAP_EXECUTION": EXECUTION}


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
    for build in delivery.pipeline.builds:
        role = role_of(delivery.pipeline.template, build.role)
        if build.name in LOOKS:
            if role is None or role.properties.get("RoleName") != build.name:
                yield build.where, f"runs as {build.role}"
            else:
                yield from ((role.where, p) for p in _beyond_looking(build, role, look))
        elif role is not None and look in role.allows("sts:AssumeRole"):
            yield build.where, "may take the role that looks at the guarded environment"
    yield from _of_bootstrap(delivery)


def _beyond_looking(build: Build, role: Role, look: str) -> Iterator[str]:
    if list(role.allows("sts:AssumeRole")) != [look] or role.managed:
        yield f"may assume {[*role.allows('sts:AssumeRole'), *role.managed]}"
    for statement in role.statements:
        actions = {str(each) for each in listed(statement.get("Action"))}
        resources = [str(each) for each in listed(statement.get("Resource"))]
        extra = actions - BUILDING - LOOKS[build.name]
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
