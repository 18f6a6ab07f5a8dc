"""Smoke tests test the environment that was just deployed, and their failure stops the pipeline."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from assembly.intended import Target
from assembly.pipeline import Build, Delivery, Stack
from assembly.plain import listed, plain
from gates.shape.order import smoke_of
from gates.shape.permissions import Role, role_of, roles
from gates.shape.violation import Violation
from settings import S3Source

COMMANDS = ["scripts/install-python", "scripts/smoke"]
# The lines of scripts/smoke that may do something, in any order but for the last one. Nothing here
# can end the script early, hide an exit code or choose among the tests.
SETTING_UP = re.compile(
    r"set -eu(?:o pipefail)?|cd \"\$\(dirname \"\$0\"\)/\.\.\"|mkdir -p reports"
    r"|rm -f reports/smoke\.xml reports/smoke\.html|unset PYTEST_ADDOPTS PYTEST_PLUGINS"
    r"|export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"
)
RUNNING = re.compile(
    r"exec \.venv/bin/python -m pytest -c integ/pytest\.ini --rootdir=\. -p integ\.report"
    r" --smoke-page=reports/smoke\.html --junit-xml=reports/smoke\.xml integ \"\$@\""
)
# What prepares the suite and how pytest reads it could end a build, or leave tests out, as well.
# A digest: of thirty lines of shell none may change without being read. `sha256sum` says the new.
INSTALL_PYTHON = "1dcfd1cee3fbc8c3b18cb2fc08a1208335f954a17e0795d0dc24617b58a2f81f"
SETTINGS = [
    "[pytest]",
    "addopts = --strict-markers --strict-config -ra --tb=short -p no:cacheprovider",
    "junit_suite_name = smoke",
    "python_files = test_*.py",
]
# What a smoke project's role may do besides becoming the smoke role: what a build needs.
BUILDING = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "codebuild:CreateReport",
    "codebuild:UpdateReport",
    "codebuild:BatchPutTestCases",
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
}


def smoke_runs_the_suite(delivery: Delivery) -> Iterator[Violation]:
    """A smoke project runs scripts/smoke and nothing that could change how it ends."""
    for target, build in _builds(delivery):
        if build.commands != COMMANDS:
            yield Violation(
                f"stage {target.stage}, {build.where}",
                f"runs {build.commands}",
                f"it runs {COMMANDS}, so that the suite's exit code is the build's",
            )


def smoke_script_tells_the_truth(delivery: Delivery) -> Iterator[Violation]:
    """scripts/smoke hands pytest's exit code on, whatever the suite finds."""
    text = delivery.scripts.get("smoke", "").replace("\\\n", " ")
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    doing = [line for line in lines if line and not line.startswith("#")]
    for line in doing[:-1]:
        if not SETTING_UP.fullmatch(line):
            yield Violation(
                "scripts/smoke",
                f"{line!r} could end it early, hide a failure or leave tests out",
                "keep to the reviewed lines, or have a new one reviewed in gates/shape/smoke.py",
            )
    if not doing or not RUNNING.fullmatch(doing[-1]):
        yield Violation(
            "scripts/smoke",
            "does not end by becoming pytest on the whole of integ/",
            'its last command is: exec .venv/bin/python -m pytest … integ "$@"',
        )


def smoke_is_prepared_as_reviewed(delivery: Delivery) -> Iterator[Violation]:
    """The script that installs the suite and the suite's pytest settings are the reviewed ones."""
    script = delivery.scripts.get("install-python", "")
    if hashlib.sha256(script.encode()).hexdigest() != INSTALL_PYTHON:
        yield Violation(
            "scripts/install-python",
            "is not the reviewed text: it could replace pytest or end the build before it runs",
            "take it back, or have it reviewed and its digest put into gates/shape/smoke.py",
        )
    lines = [line.strip() for line in delivery.scripts.get("pytest.ini", "").splitlines()]
    if [line for line in lines if line and not line.startswith("#")] != SETTINGS:
        yield Violation(
            "integ/pytest.ini",
            "says something other than what was reviewed: it could leave tests out",
            "take it back, or have it reviewed in gates/shape/smoke.py",
        )


def smoke_targets_its_environment(delivery: Delivery) -> Iterator[Violation]:
    """The suite is told the name, role and address of the environment that its stage deployed."""
    for target in delivery.intended.targets:
        for action in smoke_of(delivery, target):
            build = delivery.build_of(action)
            given = [*(build.variables if build else []), *action.variables]
            found = sorted(
                (str(each.get("name", each.get("Name"))), _value(each))
                for each in given
                if str(each.get("name", each.get("Name"))).startswith("TAP_")
            )
            if found != sorted(_wanted(delivery, target).items()):
                yield Violation(
                    f"{action.where}, environment variables",
                    f"tests {found} where {target.stage} was deployed",
                    f"they are {_wanted(delivery, target)}, each once",
                )
        for stack in delivery.stacks:
            if stack.name == f"tap-{target.environment}" and not _is_own_api(stack):
                yield Violation(
                    f"{stack.name}, output RequestsApiUrl",
                    "is not the address of an API of this stack, and smoke tests call what it says",
                    "it is made of the RestApi's id",
                )


def _is_own_api(stack: Stack) -> bool:
    output = plain(stack.template.get("Outputs", {}).get("RequestsApiUrl", {}).get("Value"))
    apis = "|".join(logical_id for logical_id, _ in stack.resources("AWS::ApiGateway::RestApi"))
    own = rf"https://<({apis})>\.execute-api\.[\w<>:-]+\.(amazonaws\.com|<AWS::URLSuffix>)/.*"
    return bool(apis) and re.fullmatch(own, str(output)) is not None


def _value(variable: dict[str, str]) -> str:
    plaintext = variable.get("type", variable.get("Type", "PLAINTEXT")) == "PLAINTEXT"
    return str(variable.get("value", variable.get("Value"))) if plaintext else "looked up"


def _wanted(delivery: Delivery, target: Target) -> dict[str, str]:
    deploy = [
        action.declaration.get("Namespace")
        for action in delivery.actions_in(target.stage)
        if action.configuration.get("StackName") == f"tap-{target.environment}"
        and action.configuration.get("ActionMode") == "CHANGE_SET_EXECUTE"
    ]
    source = next((a.declaration.get("Namespace") for a in delivery.actions), None)
    revision = "VersionId" if isinstance(delivery.intended.source, S3Source) else "CommitId"
    return {
        "TAP_ENVIRONMENT": target.environment,
        "TAP_SMOKE_ROLE_ARN": target.smoke_role,
        "TAP_REQUESTS_API_URL": f"#{{{deploy[0] if deploy else '?'}.RequestsApiUrl}}",
        "TAP_COMMIT": f"#{{{source}.{revision}}}",
    }


def smoke_projects_are_narrow(delivery: Delivery) -> Iterator[Violation]:
    """A smoke project may become its environment's smoke role and do what a build needs."""
    for target, build in _builds(delivery):
        role = role_of(delivery.pipeline_stack, build.role)
        if role is None or role.properties.get("RoleName") != build.name:
            yield Violation(build.where, f"runs as {build.role}", f"it runs as {build.name}")
            continue
        assumed = list(role.allows("sts:AssumeRole"))
        if assumed != [target.smoke_role] or role.managed:
            yield Violation(
                role.where,
                f"may assume {[*assumed, *role.managed]}",
                f"only {target.smoke_role}",
            )
        yield from _only_builds(role)


def _only_builds(role: Role) -> Iterator[Violation]:
    for statement in role.statements:
        actions = set(listed(statement.get("Action"))) - BUILDING - {"sts:AssumeRole"}
        everything = "*" in listed(statement.get("Resource")) or "NotResource" in statement
        if actions or everything or "NotAction" in statement:
            yield Violation(
                role.where,
                f"may {sorted(actions) or 'act'} on {statement.get('Resource')}",
                "a build needs its log, its report group and its artifacts",
            )


def smoke_roles_only_call_apis(delivery: Delivery) -> Iterator[Violation]:
    """`tap-<env>-smoke` invokes its environment's APIs, and only that smoke project takes it."""
    for target in delivery.intended.targets:
        found = [
            role
            for stack in delivery.stacks
            for role in roles(stack)
            if role.properties.get("RoleName") == f"tap-{target.environment}-smoke"
        ]
        if len(found) != 1:
            yield Violation(f"tap-{target.environment}-smoke", "is not there once", "restore it")
        for role in found:
            yield from _calls_apis(delivery, target, role)


def _calls_apis(delivery: Delivery, target: Target, role: Role) -> Iterator[Violation]:
    project = f"arn:aws:iam::{delivery.intended.tools}:role/tap-pipeline-smoke-{target.environment}"
    trust = [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": project}},
    ]
    if role.trust != trust:
        yield Violation(role.where, f"trusts {role.trust}", f"it trusts {project}")
    api = f"arn:aws:execute-api:{delivery.intended.region}:{target.account}:"
    if role.managed:
        yield Violation(role.where, f"has {role.managed}", "it has no managed policies")
    for statement in role.statements:
        wide = [
            each
            for each in listed(statement.get("Resource"))
            if not str(each).startswith(f"{api}<")
        ]
        if listed(statement.get("Action")) != ["execute-api:Invoke"] or wide:
            yield Violation(
                role.where,
                f"may {statement.get('Action')} on {statement.get('Resource')}",
                "it may execute-api:Invoke on its environment's APIs",
            )


def _builds(delivery: Delivery) -> Iterator[tuple[Target, Build]]:
    for target in delivery.intended.targets:
        for action in smoke_of(delivery, target):
            build = delivery.build_of(action)
            if build is not None:
                yield target, build
