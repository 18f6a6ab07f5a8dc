"""Each account is bootstrapped by a template that is generated, reviewed and small enough.

Proves, against a synthesis of the working tree: the committed templates are what the pinned CLI's
template and the stacks make of them; roles of the pipeline, and no others, may take the roles of an
environment's account; the deploy role touches this system's stacks only; the command that applies
a template names what the template makes.

Does not prove that the CLI and CloudFormation take the templates: `test_bootstrap_applied.py` does.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from accounts.bootstrap import customise, generate
from accounts.bootstrap.account import ENVIRONMENT, TOOLS, Bootstrap, bootstrap_of, read
from accounts.bootstrap.customise import BOOTSTRAP_ROLES, UnexpectedTemplateError
from accounts.bootstrap.options import bootstrap_arguments, template_path
from assembly.templates import NoAssemblyError, Resource, Stack, Template
from assembly.text import listed
from settings import Settings
from tests.support.bootstrap import ENVIRONMENTS, NAMES, SETTINGS, applied, apply, committed
from tests.support.synthesis import REPOSITORY, Assembly

# What the CLI sends along with its request; it cannot upload a bootstrap's template, since that
# needs a bootstrap (aws-cdk#32330). CloudFormation quotas: 51,200 bytes.
TEMPLATE_LIMIT = 50 * 1024


@pytest.fixture(scope="session")
def bootstraps(assembly: Assembly) -> dict[str, Bootstrap]:
    return read(assembly.directory, SETTINGS)


def test_the_committed_templates_are_generated(assembly: Assembly) -> None:
    for name, text in generate.templates(assembly.directory, SETTINGS).items():
        assert text == template_path(name).read_text(), f"{name}: run `make accept`, read it"


class AsTheCliWrites(yaml.SafeDumper):
    """The CLI writes YAML anew: lists are indented, lines are not folded, nothing stands inline."""

    def increase_indent(self, *_: object, **__: object) -> None:
        super().increase_indent(flow=False, indentless=False)

    def ignore_aliases(self, _data: object) -> bool:
        return True


@pytest.mark.parametrize("name", [TOOLS, ENVIRONMENT])
def test_a_template_is_small_enough_to_be_sent_along(name: str) -> None:
    sent = yaml.dump(committed(name), Dumper=AsTheCliWrites, width=10**6, sort_keys=False)
    assert len(sent) < TEMPLATE_LIMIT


def test_the_template_of_environments_knows_the_accounts_of_the_settings() -> None:
    names = committed(ENVIRONMENT)["Mappings"]["Environments"]
    assert names == {each.account: {"Name": each.name} for each in SETTINGS.environments}
    with pytest.raises(KeyError, match="999999999999"):
        apply(committed(ENVIRONMENT), "999999999999")


def test_an_account_id_that_begins_with_a_nought_stays_text_for_every_reader() -> None:
    text = generate.render({"Mappings": {"Environments": {"089012345678": {"Name": "dev"}}}}, "x")
    # PyYAML would leave these digits bare, and YAML 1.2, which the CLI reads, drops the nought.
    assert "'089012345678':" in text


def test_a_synthesis_for_other_accounts_is_refused(assembly: Assembly) -> None:
    values = yaml.safe_load((REPOSITORY / "cdk.json").read_text())["context"]["tap"]
    values["environments"][0]["account"] = "999999999999"
    with pytest.raises(NoAssemblyError, match="999999999999"):
        read(assembly.directory, Settings.parse(values))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_only_the_pipelines_roles_may_take_an_environments_roles(name: str) -> None:
    expected = {
        "DeploymentActionRole": [r"PipelineRole\w{8}-\*"],
        "FilePublishingRole": [r"PipelineAssetsFileRole\w{8}-\*"],
        "PreviewRole": ["enter-prod", "preview"],
    }
    resources = applied(name)
    for logical_id in BOOTSTRAP_ROLES.values():
        found = foreign_conditions(resources, logical_id)
        assert bool(found) == (logical_id in expected)
        for patterns in found:
            for wanted, pattern in zip(expected[logical_id], patterns, strict=True):
                assert re.fullmatch(rf"arn:\*:iam::\*:role/tap-pipeline-{wanted}", pattern)


def test_the_tools_accounts_roles_are_for_its_own_principals() -> None:
    assert "TrustedAccounts" not in str(committed(TOOLS))


def foreign_conditions(resources: dict[str, Any], logical_id: str) -> list[list[str]]:
    """The principals that every way of trusting another account is limited to."""
    found = []
    role = resources[logical_id]["Properties"]
    for statement in role["AssumeRolePolicyDocument"]["Statement"]:
        if statement["Principal"] == {"AWS": SETTINGS.tools_account}:
            found.append(statement["Condition"]["ArnLike"]["aws:PrincipalArn"])
        else:
            assert statement["Principal"]["AWS"] in SETTINGS.accounts.values()
    return found


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_external_ids_are_denied_wherever_another_account_is_trusted(name: str) -> None:
    role = applied(name)["DeploymentActionRole"]["Properties"]
    assuming = [
        statement
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"] == {"AWS": SETTINGS.tools_account}
        and "sts:AssumeRole" in statement["Action"]
    ]
    assert assuming
    for statement in assuming:
        assert statement["Condition"]["Null"] == {"sts:ExternalId": "true"}


def deploy_statements(name: str) -> list[dict[str, Any]]:
    (policy,) = applied(name)["DeploymentActionRole"]["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


@pytest.mark.parametrize("name", NAMES)
def test_the_deploy_role_touches_this_systems_stacks_only(name: str) -> None:
    prefix = "tap-pipeline" if name == TOOLS else f"tap-{name}"
    for statement in deploy_statements(name):
        if any(each.startswith("cloudformation:") for each in listed(statement["Action"])):
            for arn in listed(statement["Resource"]):
                assert arn.partition(":stack/")[2] in (f"{prefix}/*", f"{prefix}-*")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_deploy_role_of_an_environment_cannot_end_a_stack(name: str) -> None:
    allowed = {a for statement in deploy_statements(name) for a in listed(statement["Action"])}
    assert "cloudformation:ExecuteChangeSet" in allowed
    for action in ("cloudformation:DeleteStack", "cloudformation:UpdateTerminationProtection"):
        assert not [each for each in allowed if fnmatchcase(action, each)]


def test_a_changed_upstream_trust_is_not_passed_on_unread(bootstraps: dict[str, Bootstrap]) -> None:
    original = generate.show_template()
    role = original["Resources"]["DeploymentActionRole"]["Properties"]
    everyone = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": "*"}}
    role["AssumeRolePolicyDocument"]["Statement"].append(everyone)
    with pytest.raises(UnexpectedTemplateError, match="DeploymentActionRole"):
        customise.customise(original, bootstraps[ENVIRONMENT], trusted={}, environments={})


def test_a_cut_role_name_still_matches_its_pattern() -> None:
    stack = Stack("tap-pipeline", "111111111111", termination_protection=True, disposable=False)
    logical_id = "PipelineUpdatePipelineSelfMutationRole57E559E8"
    role = Resource(Template("t", {}, stack=stack), logical_id, {"Type": "AWS::IAM::Role"})
    pattern = customise.physical_name(role)
    made = "tap-pipeline-PipelineUpdatePipelineSelfMutationRole5-ABCDEFGHIJKL"
    assert fnmatchcase(made, pattern)
    assert len(pattern) > 30


@pytest.mark.parametrize("name", NAMES)
def test_the_bootstrap_command_names_policies_that_its_template_makes(name: str) -> None:
    arguments = bootstrap_arguments(name, SETTINGS.accounts, SETTINGS.region)
    account = SETTINGS.accounts[name]
    assert f"aws://{account}/{SETTINGS.region}" in arguments
    assert str(template_path(bootstrap_of(name))) in arguments
    value = arguments[arguments.index("--cloudformation-execution-policies") + 1]
    made = {
        f"arn:aws:iam::{account}:policy/{resource['Properties']['ManagedPolicyName']}"
        for logical_id, resource in applied(name).items()
        if logical_id.startswith("ExecutionPolicy")
    }
    assert set(value.split(",")) == made
    assert "AdministratorAccess" not in str(arguments)
    assert "--termination-protection" in arguments
    assert "--deny-external-id" in arguments
    assert ("--trust" in arguments) == (name != TOOLS)


@pytest.mark.parametrize("name", [TOOLS, ENVIRONMENT])
def test_nothing_falls_back_on_administrator_access(name: str) -> None:
    template = committed(name)
    assert "AdministratorAccess" not in str(template["Resources"])
    assert "Default" not in template["Parameters"]["CloudFormationExecutionPolicies"]
