"""Smoke tests test the environment that was just deployed, and cannot pass without having run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assembly.intended import stack_name
from assembly.pipeline import Action, Build
from assembly.references import resource_of
from assembly.templates import NESTED, Assembly, Template
from assembly.text import listed, plain
from gates.delivery import SMOKE_SETTINGS, Delivery
from gates.registry import rule
from gates.shape.commands import CACHES, INSTALLS_TO_VERIFY, effective_lines
from gates.shape.order import smoke_of
from gates.shape.roles import Role, role_of, roles
from settings import Environment

COMMANDS = [CACHES, INSTALLS_TO_VERIFY, "bash scripts/smoke"]
# The lines of scripts/smoke that may do something, in any order but for the last ones. Nothing here
# can end the script early, hide an exit code or choose among the tests.
SETTING_UP = re.compile(
    r"set -eu(?:o pipefail)?|cd \"\$\(dirname \"\$0\"\)/\.\.\"|mkdir -p reports"
    r"|rm -f reports/smoke\.xml reports/smoke\.html|unset PYTEST_ADDOPTS PYTEST_PLUGINS"
    r"|export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1|status=0"
)
# Its last lines. What a person chose to run counts as pytest says; a build chooses nothing.
ENDING = (
    r"\.venv/bin/python -I guards/isolated\.py pytest -c integ/pytest\.ini --rootdir=\."
    r" -p integ\.report --smoke-page=reports/smoke\.html --junit-xml=reports/smoke\.xml integ"
    r" \"\$@\" \|\| status=\$\?",
    r"if \[ \$# -gt 0 \]; then exit \$status; fi",
    r"exec \.venv/bin/python -I guards/isolated\.py integ\.verdict \$status reports/smoke\.xml"
    r" gates/reviewed/smoke\.txt",
)
_ALL = [True] * len(ENDING)
SETTINGS = [
    "[pytest]",
    "addopts = --strict-markers --strict-config -ra --tb=short -p no:cacheprovider"
    " --import-mode=append",
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
# What an action's variable may take from another action: "#{namespace.output}".
TAKEN = re.compile(r"#\{([^{}]*)\.([^{}.]*)\}")
# An API's address, by its id in this template or in a nested one; a nested stack's output as it is.
ADDRESS = re.compile(
    r"https://<(\w+)(?:\.Outputs\.(\w+))?>\.execute-api\.[\w<>:-]+"
    r"\.(?:amazonaws\.com|<AWS::URLSuffix>)/.*"
)
HANDED_ON = re.compile(r"<(\w+)\.Outputs\.(\w+)>")


@rule(
    "TAP-407",
    why="the suite's exit code would not be the build's, or not all of the suite would run",
    fix=f"a smoke project runs {' and '.join(COMMANDS)}, nothing before, between or after them",
)
def smoke_runs_the_suite(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment, _, build in _builds(delivery):
        if build.commands != COMMANDS:
            yield f"stage {environment.stage}, {build.where}", f"runs {build.commands}"


@rule(
    "TAP-408",
    why="what could end it early, hide a failure or leave tests out lets a broken environment pass",
    fix="scripts/smoke sets up, runs pytest on the whole of integ/, then judges its report; a new "
    f"line in it or in {SMOKE_SETTINGS} is allowed in gates/shape/smoke.py, by a review of its own",
)
def smoke_script_tells_the_truth(delivery: Delivery) -> Iterator[tuple[str, str]]:
    doing = effective_lines(delivery.scripts.get("scripts/smoke", ""))
    for line in doing[: -len(ENDING)]:
        if not SETTING_UP.fullmatch(line):
            yield "scripts/smoke", line
    end = doing[-len(ENDING) :]
    if [re.fullmatch(*pair) is not None for pair in zip(ENDING, end, strict=False)] != _ALL:
        yield "scripts/smoke", "does not end with pytest on all of integ/, judged by its report"
    for line in effective_lines(delivery.scripts.get(SMOKE_SETTINGS, "")):
        if line not in SETTINGS:
            yield SMOKE_SETTINGS, line


@rule(
    "TAP-409",
    why="the tests would be of another environment than the one that was just deployed, or of "
    "something that is always green",
    fix="the suite is told the environment's name and smoke role, each once, and addresses only as "
    "outputs of its own deployment, which are of APIs of that stack",
)
def smoke_targets_its_environment(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment, action, build in _builds(delivery):
        given = [_variable(each) for each in (*build.variables, *action.variables)]
        wanted = {
            "TAP_ENVIRONMENT": environment.name,
            "TAP_SMOKE_ROLE_ARN": environment.smoke_role_arn,
        }
        for name, value in wanted.items():
            found = [v for n, v in given if n == name]
            if found != [value]:
                yield action.where, f"{name} is {' and '.join(found) or 'missing'}, not {value}"
        taken = [
            n for n, v in given if n.endswith("_URL") and _is_own_api(delivery, environment, v)
        ]
        addresses = [n for n, _ in given if n.endswith("_URL")]
        for name in [n for n in addresses if n not in taken] or ([] if taken else ["no address"]):
            yield action.where, f"{name} is not an API of {stack_name(environment)}"
        if len(set(addresses)) != len(addresses):
            yield action.where, "an address is given twice"


def _is_own_api(delivery: Delivery, environment: Environment, value: str) -> bool:
    """Is it an output of the environment's own deployment that is made of an API's id there?"""
    taken = TAKEN.fullmatch(value)
    own = [
        action.namespace
        for action in delivery.pipeline.actions_in(environment.stage)
        if action.configuration.get("StackName") == stack_name(environment)
        and action.configuration.get("ActionMode") == "CHANGE_SET_EXECUTE"
    ]
    if taken is None or taken[1] not in own:
        return False
    stack = delivery.assembly.stack(stack_name(environment))
    return _is_address_of_an_api(delivery.assembly, stack, taken[2])


def _is_address_of_an_api(assembly: Assembly, template: Template, output: str) -> bool:
    text = str(plain(template.body.get("Outputs", {}).get(output, {}).get("Value")))
    if handed := HANDED_ON.fullmatch(text):
        nested = next((e for e in template.resources(NESTED) if e.logical_id == handed[1]), None)
        child = assembly.nested_in(nested) if nested else None
        return child is not None and _is_address_of_an_api(assembly, child, handed[2])
    address = ADDRESS.fullmatch(text)
    if address is None:
        return False
    attribute = f"Outputs.{address[2]}" if address[2] else ""
    meant = {"Fn::GetAtt": [address[1], attribute]}
    api = resource_of(assembly, template, meant)
    return api is not None and api.type == "AWS::ApiGateway::RestApi"


def _variable(variable: dict[str, Any]) -> tuple[str, str]:
    """Name and value, as a project ("Name") or an action ("name") says them."""
    said = {key.lower(): str(value) for key, value in variable.items()}
    plaintext = said.get("type", "PLAINTEXT") == "PLAINTEXT"
    return said["name"], said["value"] if plaintext else "looked up"


@rule(
    "TAP-410",
    why="the suite's code, which anybody may edit, would get at more than its environment's APIs",
    fix="the project runs as a role of its own name, which may assume its environment's smoke role "
    "and do what a build needs: its log, its report group, its artifacts",
)
def smoke_projects_are_narrow(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment, _, build in _builds(delivery):
        role = role_of(delivery.pipeline.template, build.role)
        if role is None or role.properties.get("RoleName") != build.name:
            yield build.where, f"runs as {build.role}"
            continue
        assumed = list(role.allows("sts:AssumeRole"))
        if assumed != [environment.smoke_role_arn] or role.managed:
            yield role.where, f"may assume {', '.join([*assumed, *role.managed])}"
        for problem in _beyond_building(role):
            yield role.where, problem


def _beyond_building(role: Role) -> Iterator[str]:
    for statement in role.statements:
        actions = set(listed(statement.get("Action"))) - BUILDING - {"sts:AssumeRole"}
        everything = "*" in listed(statement.get("Resource")) or "NotResource" in statement
        if actions or everything or "NotAction" in statement:
            yield f"may {sorted(actions) or 'act'} on {statement.get('Resource')}"


@rule(
    "TAP-411",
    why="whoever takes the smoke role would get at an environment's data, not only at its APIs",
    fix="each environment has one role tap-<environment>-smoke, which may execute-api:Invoke on "
    "its own APIs and trusts its smoke project's role alone",
)
def smoke_roles_only_call_apis(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for environment in delivery.intended.environments:
        name = f"{stack_name(environment)}-smoke"
        found = [
            role
            for template in delivery.assembly.templates
            for role in roles(template)
            if role.properties.get("RoleName") == name
        ]
        if len(found) != 1:
            yield name, f"there are {len(found)} roles of this name"
        for role in found:
            for problem in _beyond_calling(delivery, environment, role):
                yield role.where, problem


def _beyond_calling(delivery: Delivery, environment: Environment, role: Role) -> Iterator[str]:
    intended = delivery.intended
    project = f"arn:aws:iam::{intended.tools}:role/tap-pipeline-smoke-{environment.name}"
    trust = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": project}}
    if role.trust != [trust]:
        yield f"trusts {role.trust}"
    if role.managed:
        yield f"has {', '.join(role.managed)}"
    api = f"arn:aws:execute-api:{intended.region}:{environment.account}:<"
    for statement in role.statements:
        wide = [e for e in listed(statement.get("Resource")) if not str(e).startswith(api)]
        if listed(statement.get("Action")) != ["execute-api:Invoke"] or wide:
            yield f"may {statement.get('Action')} on {statement.get('Resource')}"


def _builds(delivery: Delivery) -> Iterator[tuple[Environment, Action, Build]]:
    for environment in delivery.intended.environments:
        for action in smoke_of(delivery, environment):
            build = delivery.pipeline.build_of(action)
            if build is not None:
                yield environment, action, build
