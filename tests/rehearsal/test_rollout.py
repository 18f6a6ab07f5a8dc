"""A new version gets the traffic when it passed its checks, and leaves the old one alone when not.

Proved on the embedded AWS with one service as it is deployed to prod, in a stack of its own, and
with the roles of its own: the alias comes to an application that ran without one and was called all
the while; another commit moves every function of the service, though the template is the same; a
version that fails its check never gets a call, and takes the whole update back; one that catches
its faults and answers 500 is taken back by its own count of them, and keeps no other version out.
Not proved: that AWS shifts traffic as the embedded CodeDeploy does, which waits for seconds in
place of minutes, and how long CloudWatch takes until an alarm sees what stands in a log.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import aws_cdk as cdk
import pytest

from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import local_api_url
from embedded_aws.server import Server
from services.common.infrastructure.environment import COMMIT_PARAMETER, EnvironmentSettings
from services.common.infrastructure.rollout import ALIAS
from services.common.runtime.probe import NOBODY
from services.requests.infrastructure import RequestService
from tests.embedded_aws.emulated import PROD, REGION
from tests.rehearsal.deployments import prepare, publish
from tests.support import aws

NAME = "tap-rolled"
PROCESSOR, SWEEPER = f"{NAME}-processor", f"{NAME}-sweeper"
BOTH = (PROCESSOR, SWEEPER)
CANARY_MINUTES = 5
Template = dict[str, Any]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Template, Path]:
    """The request service as an environment with a canary has it, and its assembly."""
    folder = tmp_path_factory.mktemp("rolled")
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "Rolled", env=cdk.Environment(account=PROD, region=REGION))
    commit = cdk.CfnParameter(stack, COMMIT_PARAMETER, default="unknown")
    made = RequestService(
        stack,
        "Requests",
        environment=EnvironmentSettings(
            name="rolled",
            disposable=False,
            architecture="x86_64",
            cors_origins=("https://page.example.com",),
            commit=commit.value_as_string,
            canary_minutes=CANARY_MINUTES,
        ),
    )
    cdk.CfnOutput(stack, "Url", value=made.api.url)
    (artifact,) = app.synth().stacks
    return json.loads(json.dumps(artifact.template)), folder


_ROLLED_OUT = ("AWS::CodeDeploy::", "AWS::Lambda::Alias", "AWS::Lambda::Version")
PATIENCE = 180.0
# Whatever the module does, it is caught above it and answered: Lambda sees no error.
BROKEN_CODE = "services/requests/runtime/logic.py"
BREAKS = b"""

def _accept(*_: object) -> None:
    raise RuntimeError("a release that breaks acceptance, and nothing that a check asks")


AcceptanceService.accept = _accept
"""


def without_aliases(template: Template) -> Template:
    """The same application before it had aliases: all invoke the functions themselves.

    Functions are the same: a change of one ends calls here that run in it, which AWS lets end.
    """
    functions = {
        name: each["Properties"]["FunctionName"]["Ref"]
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Lambda::Alias"
    }
    gone = {
        name
        for name, each in template["Resources"].items()
        if each["Type"].startswith(_ROLLED_OUT) or "Rollout" in name
    }

    def former(value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if name in functions:
                return {"Fn::GetAtt": [functions[name], "Arn"]}
            case dict():
                return {key: former(each) for key, each in value.items()}
            case list():
                return [former(each) for each in value]
        return value

    kept = {}
    for name, each in template["Resources"].items():
        if name not in gone:
            kept[name] = former(each)
            needed = [on for on in each.get("DependsOn", []) if on not in gone]
            kept[name]["DependsOn"] = needed
    return {**template, "Resources": kept}


@dataclass(frozen=True)
class Rolled:
    """The stack, its callers and its administrator."""

    server: Server
    session: Session
    keys: Credentials

    def create(self, template: Template) -> str:
        """The status in which the stack's creation ends."""
        return self._change("create", template, "first")

    def update(self, template: Template, commit: str) -> str:
        """The status in which the stack's update ends."""
        return self._change("update", template, commit)

    def _change(self, verb: str, template: Template, commit: str) -> str:
        cloudformation = self.session.client("cloudformation")
        key = f"{commit}.json"
        bucket = f"cdk-hnb659fds-assets-{PROD}-{REGION}"
        body = json.dumps(template).encode()
        self.session.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        getattr(cloudformation, f"{verb}_stack")(
            StackName=NAME,
            TemplateURL=f"https://s3.{REGION}.amazonaws.com/{bucket}/{key}",
            Parameters=[{"ParameterKey": COMMIT_PARAMETER, "ParameterValue": commit}],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        deadline = time.monotonic() + PATIENCE
        while (status := self._status(cloudformation)).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, status
            time.sleep(0.2)
        return status

    def _status(self, cloudformation: Any) -> str:
        (stack,) = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        return str(stack["StackStatus"])

    def version(self, function: str) -> str:
        """What the alias is at, alone."""
        alias = self.session.client("lambda").get_alias(FunctionName=function, Name=ALIAS)
        assert not alias.get("RoutingConfig")
        return str(alias["FunctionVersion"])

    def commit(self, function: str) -> str:
        """What the version that the alias is at says that it was made of."""
        answer = self.session.client("lambda").get_function_configuration(
            FunctionName=function, Qualifier=ALIAS
        )
        return str(answer["Description"])

    def versions(self, function: str) -> list[str]:
        listed = self.session.client("lambda").list_versions_by_function(FunctionName=function)
        return [each["Version"] for each in listed["Versions"] if each["Version"] != "$LATEST"]

    def deployments(self, function: str) -> list[dict[str, Any]]:
        """Of the function's group, oldest first."""
        codedeploy = self.session.client("codedeploy")
        ids = codedeploy.list_deployments(
            applicationName="tap-rolled-requests", deploymentGroupName=function
        )["deployments"]
        found = [codedeploy.get_deployment(deploymentId=each)["deploymentInfo"] for each in ids]
        return sorted(found, key=lambda each: each["createTime"])

    def call(self) -> int:
        """The status of a signed call of the API that a working service answers with 404."""
        return self._call("GET", f"requests/{NOBODY}", b"")

    def submit(self) -> int:
        """The status of a signed call that a working service answers with 200."""
        return self._call("POST", "", b"{}")

    def _call(self, method: str, resource: str, body: bytes) -> int:
        (stack,) = self.session.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        (url,) = (each["OutputValue"] for each in stack["Outputs"])
        path = urlsplit(local_api_url(url, self.server.endpoint)).path + resource
        return aws.call(self.server, path, method=method, credentials=self.keys, body=body).status

    def broken(self, template: Template) -> Template:
        """The same with code behind the API that breaks while it accepts."""
        bad: Template = json.loads(json.dumps(template))
        processor = of_processor(bad, "AWS::Lambda::Function", "FunctionName")
        processor["Code"]["S3Key"] = self._break(**processor["Code"])
        return bad

    def _break(self, **code: str) -> str:
        """The key of another archive of the function, beside its own."""
        s3, place = self.session.client("s3"), {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
        with (
            zipfile.ZipFile(io.BytesIO(s3.get_object(**place)["Body"].read())) as good,
            zipfile.ZipFile(written := io.BytesIO(), "w") as bad,
        ):
            for name in good.namelist():
                # What is compiled would be read in place of it.
                if not (name.endswith(".pyc") and "/logic." in name):
                    bad.writestr(name, good.read(name) + (BREAKS if name == BROKEN_CODE else b""))
        s3.put_object(Bucket=code["S3Bucket"], Key="broken.zip", Body=written.getvalue())
        return "broken.zip"

    def faults(self) -> dict[str, str]:
        """The state of the alarms on answers that are the fault of a version, by their names."""
        found = self.session.client("cloudwatch").describe_alarms(
            AlarmNamePrefix=f"{PROCESSOR}-live-faults-"
        )
        return {each["AlarmName"]: each["StateValue"] for each in found["MetricAlarms"]}

    def called_during(
        self, work: Callable[[], str], call: Callable[[], int] | None = None
    ) -> tuple[str, list[int]]:
        """What the work ended with, and the statuses of calls that were made all the while."""
        call = call or self.call
        over, statuses = Event(), [call()]

        def keep_calling() -> None:
            while not over.is_set():
                statuses.append(call())

        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(keep_calling)
            try:
                ended = work()
            finally:
                over.set()
            calling.result()
        return ended, statuses


def of_processor(template: Template, kind: str, name: str) -> dict[str, Any]:
    """The properties of the one resource of a type whose name is that of the function."""
    properties = (
        each["Properties"] for each in template["Resources"].values() if each["Type"] == kind
    )
    (found,) = (each for each in properties if each[name] == PROCESSOR)
    made: dict[str, Any] = found
    return made


def slowly(template: Template) -> Template:
    """The same with a canary of the processor that is over long after somebody was answered."""
    slow: Template = json.loads(json.dumps(template))
    group = of_processor(slow, "AWS::CodeDeploy::DeploymentGroup", "DeploymentGroupName")
    group["DeploymentConfigName"] = {"Ref": "Slow"}
    canary = {"CanaryInterval": 600, "CanaryPercentage": 10}
    slow["Resources"]["Slow"] = {
        "Type": "AWS::CodeDeploy::DeploymentConfig",
        "Properties": {
            "ComputePlatform": "Lambda",
            "DeploymentConfigName": "tap-rolled-slow",
            "TrafficRoutingConfig": {"Type": "TimeBasedCanary", "TimeBasedCanary": canary},
        },
    }
    return slow


@dataclass(frozen=True)
class Introduction:
    """How the aliases came: the update's end, calls meanwhile, deployments, versions since."""

    ended: str
    statuses: list[int]
    deployments: list[dict[str, Any]]
    versions: list[tuple[str, list[str]]]


@pytest.fixture(scope="module")
def before(
    emulator: Server,
    administrators: Mapping[str, Credentials],
    template: tuple[Template, Path],
) -> Rolled:
    """The application as it ran before it had aliases."""
    keys = administrators[PROD]
    made = Rolled(emulator, emulator.session(keys), keys)
    declared, assembly = template
    prepare(made.session)
    publish(made.session, assembly)
    assert made.create(without_aliases(declared)) == "CREATE_COMPLETE"
    return made


@pytest.fixture(scope="module")
def introduction(before: Rolled, template: tuple[Template, Path]) -> Introduction:
    ended, statuses = before.called_during(lambda: before.update(template[0], "first"))
    return Introduction(
        ended,
        statuses,
        [each for function in BOTH for each in before.deployments(function)],
        [(before.version(function), before.versions(function)) for function in BOTH],
    )


@pytest.fixture(scope="module")
def rolled(before: Rolled, introduction: Introduction) -> Rolled:
    """The application as it runs since it has aliases."""
    assert introduction.ended == "UPDATE_COMPLETE"
    return before


def test_an_alias_comes_to_a_running_function_while_it_serves(introduction: Introduction) -> None:
    """aws-cdk issue 27884. There is no version yet that traffic could come from."""
    assert introduction.ended == "UPDATE_COMPLETE"
    assert set(introduction.statuses) == {404}
    assert introduction.deployments == []
    assert [versions for _, versions in introduction.versions] == [
        [version] for version, _ in introduction.versions
    ]


def test_another_commit_moves_every_function_of_the_service(
    rolled: Rolled, template: tuple[Template, Path]
) -> None:
    """aws-cdk issue 25997: the template is the same, and only a parameter says otherwise."""
    before = {function: rolled.version(function) for function in BOTH}
    ended, statuses = rolled.called_during(lambda: rolled.update(template[0], "second"))
    assert ended == "UPDATE_COMPLETE"
    assert set(statuses) == {404}, statuses
    for function in BOTH:
        assert rolled.version(function) != before[function]
        assert rolled.commit(function) == "second"
        # The one that the traffic left went with the update.
        assert rolled.versions(function) == [rolled.version(function)]
        deployment = rolled.deployments(function)[-1]
        assert deployment["status"] == "Succeeded"
        assert deployment["deploymentConfigName"].endswith(f"10Percent{CANARY_MINUTES}Minutes")


def test_a_version_that_fails_its_check_gets_no_call_and_takes_the_update_back(
    rolled: Rolled, template: tuple[Template, Path]
) -> None:
    before = {function: (rolled.version(function), rolled.commit(function)) for function in BOTH}
    bad: Template = json.loads(json.dumps(template[0]))
    processor = of_processor(bad, "AWS::Lambda::Function", "FunctionName")
    processor["Environment"]["Variables"]["TABLE_NAME"] = "nowhere"
    ended, statuses = rolled.called_during(lambda: rolled.update(bad, "bad"))
    assert ended == "UPDATE_ROLLBACK_COMPLETE"
    assert set(statuses) == {404}, statuses
    after = {function: (rolled.version(function), rolled.commit(function)) for function in BOTH}
    assert after == before
    failed = next(each for each in rolled.deployments(PROCESSOR) if each["status"] == "Failed")
    assert failed["errorInformation"]["code"] == "HOOK_EXECUTION_FAILURE"


def test_a_version_that_answers_500_is_taken_back_and_the_release_that_goes_back_is_let_in(
    rolled: Rolled, template: tuple[Template, Path]
) -> None:
    """It raises nothing, so Lambda counts no error, and the checks ask nothing that is broken."""
    before = {function: (rolled.version(function), rolled.commit(function)) for function in BOTH}
    bad = slowly(rolled.broken(template[0]))
    ended, statuses = rolled.called_during(lambda: rolled.update(bad, "broken"), rolled.submit)
    assert ended == "UPDATE_ROLLBACK_COMPLETE"
    assert set(statuses) == {200, 500}
    # A tenth of the calls, for a second or two: most had a working version all the while.
    assert statuses.count(500) < len(statuses) / 2
    after = {function: (rolled.version(function), rolled.commit(function)) for function in BOTH}
    assert after == before
    stopped = next(each for each in rolled.deployments(PROCESSOR) if each["status"] == "Stopped")
    assert stopped["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert f"Activated alarms: {PROCESSOR}-live-faults-" in stopped["errorInformation"]["message"]
    ended, statuses = rolled.called_during(
        lambda: rolled.update(template[0], "back"), rolled.submit
    )
    assert (ended, set(statuses)) == ("UPDATE_COMPLETE", {200})
    assert rolled.commit(PROCESSOR) == "back"


def test_a_version_that_nobody_called_in_time_does_not_keep_out_what_repairs_it(
    rolled: Rolled, template: tuple[Template, Path]
) -> None:
    """Its alarm is on all the while, and it answers most of the calls until the end."""
    assert rolled.update(rolled.broken(template[0]), "unnoticed") == "UPDATE_COMPLETE"
    deadline = time.monotonic() + PATIENCE
    while "ALARM" not in rolled.faults().values():
        assert time.monotonic() < deadline
        assert rolled.submit() == 500
    ended, statuses = rolled.called_during(
        lambda: rolled.update(template[0], "repaired"), rolled.submit
    )
    assert (ended, rolled.commit(PROCESSOR)) == ("UPDATE_COMPLETE", "repaired")
    assert 500 in statuses
    assert rolled.submit() == 200
    name = f"{PROCESSOR}-live-faults-{rolled.version(PROCESSOR)}"
    assert rolled.faults().keys() == {name}
