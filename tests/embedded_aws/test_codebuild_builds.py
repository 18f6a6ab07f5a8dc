"""Proves that StartBuild runs a buildspec as CodeBuild documents it, on the real server process.

Phases and their transitions, one shell, the build's record, its log, its reports, its artifacts,
its service role. Not proved: CodeBuild's images, its limits, and what runs on other shells.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from tests.embedded_aws.emulated import TOOLS, Credentials, runs, start
from tests.embedded_aws.projects import ALLOWED, BUCKET, TOOLS_THERE, Projects, phase

CANARY = "developers-own-value"
CANARIES = (
    "TAP_CANARY",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "NPM_CONFIG_PREFIX",
    "UV_INDEX_PRIVATE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "npm_config_//registry.example.com/:_authToken",
    "npm_config_userconfig",
)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projects]:
    with pytest.MonkeyPatch.context() as patch:
        for name in CANARIES:
            patch.setenv(name, CANARY)
        patch.setenv("UV_EXTRA_INDEX_URL", "https://me:index-password@index.invalid/simple")
        root = tmp_path_factory.mktemp("codebuild")
        with start(root, "codebuild") as server:
            prepared = Projects(server)
            prepared.prepare()
            yield prepared


def test_commands_of_all_phases_share_one_shell(projects: Projects) -> None:
    build = projects.run(
        "shared-shell",
        {
            "install": ["mkdir -p deep && cd deep", "export SHARED=exported", "plain=kept"],
            "pre_build": ["greet() { echo hello from a function; }", "exit 0"],
            "build": ["pwd", 'echo "$SHARED"', "printenv plain || echo plain is not exported"],
        },
    )
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    lines = projects.output(build)
    assert lines[0].endswith("/workspace/src/deep")
    assert lines[1:] == ["exported", "plain is not exported"]


def test_functions_and_plain_variables_last_until_the_shell_exits(projects: Projects) -> None:
    build = projects.run(
        "functions", {"install": ["word=kept; greet() { echo $word; }"], "build": ["greet"]}
    )
    assert projects.output(build) == ["kept"]


def test_a_failed_build_phase_still_runs_post_build_and_names_the_command(
    projects: Projects,
) -> None:
    build = projects.run(
        "failing",
        {
            "build": ["false-command-name", "echo never"],
            "post_build": ["echo succeeding=$CODEBUILD_BUILD_SUCCEEDING"],
        },
    )
    assert build["buildStatus"] == "FAILED"
    assert projects.output(build)[-1] == "succeeding=0"
    assert "never" not in projects.output(build)
    failed = phase(build, "BUILD")
    assert failed["phaseStatus"] == "FAILED"
    assert failed["contexts"][0] == {
        "statusCode": "COMMAND_EXECUTION_ERROR",
        "message": "Error while executing command: false-command-name. Reason: exit status 127",
    }
    assert phase(build, "POST_BUILD")["phaseStatus"] == "SUCCEEDED"
    assert [row["phaseType"] for row in build["phases"]][-2:] == ["FINALIZING", "COMPLETED"]


def test_a_failed_install_skips_the_other_phases(projects: Projects) -> None:
    build = projects.run("no-install", {"install": ["exit 3"], "build": ["echo never"]})
    assert build["buildStatus"] == "FAILED"
    names = [row["phaseType"] for row in build["phases"]]
    assert names[names.index("INSTALL") :] == ["INSTALL", "FINALIZING", "COMPLETED"]


def test_finally_runs_after_a_failure_and_abort_stops_before_post_build(
    projects: Projects,
) -> None:
    build_phase = {"commands": ["exit 1"], "finally": ["echo cleaned"], "on-failure": "ABORT"}
    spec = {"build": build_phase, "post_build": {"commands": ["echo never"]}}
    projects.project("abort", {"version": "0.2", "phases": spec})
    build = projects.wait(projects.start("abort"))
    assert projects.output(build) == ["cleaned"]
    assert "POST_BUILD" not in [row["phaseType"] for row in build["phases"]]


def test_variables_of_the_request_win_over_project_and_buildspec(projects: Projects) -> None:
    spec = {
        "version": "0.2",
        "env": {"variables": {"A": "buildspec", "B": "buildspec", "C": "buildspec"}},
        "phases": {"build": {"commands": ["echo $A $B $C"]}},
    }
    environment = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/standard:7.0",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [
            {"name": "B", "value": "project"},
            {"name": "C", "value": "project"},
        ],
    }
    projects.project("precedence", spec, environment=environment)
    override = [{"name": "C", "value": "request"}]
    build = projects.wait(projects.start("precedence", environmentVariablesOverride=override))
    assert projects.output(build) == ["buildspec project request"]


def test_exported_variables_have_their_last_value(projects: Projects) -> None:
    build = projects.run(
        "exports",
        {"install": ["export VERSION=1"], "post_build": ["export VERSION='two words'"]},
        env={"exported-variables": ["VERSION", "MISSING", "AWS_REGION"]},
    )
    assert build["exportedEnvironmentVariables"] == [
        {"name": "VERSION", "value": "two words"},
        {"name": "MISSING", "value": ""},
    ]


def test_nothing_of_the_developers_environment_reaches_a_build(projects: Projects) -> None:
    build = projects.run("canary", {"build": ["env | sort", "cat ~/.aws/credentials || true"]})
    text = projects.log(build)
    assert "CODEBUILD_BUILD_ID=canary:" in text
    assert CANARY not in text
    assert "AWS_ACCESS_KEY_ID" not in text
    assert "AWS_CONTAINER_AUTHORIZATION_TOKEN=***" in text
    assert "UV_EXTRA_INDEX_URL=https://me:***@index.invalid/simple" in text


def test_urls_of_deployed_apis_lead_to_the_emulator(projects: Projects) -> None:
    projects.project("urls", {"version": "0.2", "phases": {"build": {"commands": ["echo $URL"]}}})
    url = {"name": "URL", "value": "https://abc123.execute-api.us-west-2.amazonaws.com/v1/"}
    build = projects.wait(projects.start("urls", environmentVariablesOverride=[url]))
    expected = f"{projects.server.endpoint}/_aws/execute-api/abc123/v1/"
    assert projects.output(build) == [expected]


_WHO = (
    "import boto3; print(boto3.client('sts').get_caller_identity()['Arn']); "
    "boto3.client('dynamodb').list_tables()"
)


def put_sdk(folder: Path) -> None:
    """boto3, with the models of what `_WHO` calls."""
    packages = Path(boto3.__file__).parents[1]
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3"):
        shutil.copytree(packages / name, folder / name, ignore=_other_models)
    shutil.copy(packages / "six.py", folder)


def _other_models(folder: str, names: list[str]) -> set[str]:
    if Path(folder).parts[-2:] != ("botocore", "data"):
        return set()
    return {name for name in names if (Path(folder) / name).is_dir()} - {"sts", "dynamodb"}


def test_a_build_acts_as_its_service_role_and_may_do_no_more(projects: Projects) -> None:
    put_sdk(projects.tools("service-role"))
    command = f'PYTHONPATH={TOOLS_THERE} python -c "{_WHO}"'
    build = projects.run("service-role", {"build": [command]})
    text = projects.log(build)
    assert f"arn:aws:sts::{TOOLS}:assumed-role/builder/AWSCodeBuild-" in text
    assert "AccessDenied" in text
    assert build["buildStatus"] == "FAILED"


def test_a_role_that_does_not_trust_codebuild_fails_provisioning(projects: Projects) -> None:
    arn = f"arn:aws:iam::{TOOLS}:role/nobody"
    spec = {"version": "0.2", "phases": {"build": {"commands": ["true"]}}}
    projects.project("no-trust", spec, serviceRole=arn)
    build = projects.wait(projects.start("no-trust"))
    context = phase(build, "PROVISIONING")["contexts"][0]
    assert context["statusCode"] == "ACCESS_DENIED"
    assert arn in context["message"]


def test_an_artifact_comes_back_as_a_source_with_its_executable_bit(projects: Projects) -> None:
    location = projects.put_zip(
        "source.zip",
        {
            "run.sh": ("#!/bin/sh\necho ran\n", 0o755),
            "notes/a.txt": ("a", 0o644),
            "buildspec-named.yaml": (
                "version: 0.2\n"
                "phases: {build: {commands: [./run.sh, 'cat $CODEBUILD_SRC_DIR_Other/b.txt']}}\n"
                "artifacts: {files: ['**/*'], exclude-paths: ['notes/**/*']}\n",
                0o644,
            ),
        },
    )
    other = projects.put_zip("other.zip", {"b.txt": ("second source\n", 0o644)})
    projects.project("round-trip", "buildspec-named.yaml")
    build = projects.wait(
        projects.start(
            "round-trip",
            sourceTypeOverride="S3",
            sourceLocationOverride=location,
            secondarySourcesOverride=[
                {"type": "S3", "location": other, "sourceIdentifier": "Other"}
            ],
            artifactsOverride={
                "type": "S3",
                "location": BUCKET,
                "path": "out/deep",
                "name": "artifact",
                "packaging": "ZIP",
                "namespaceType": "NONE",
            },
        )
    )
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    assert projects.output(build) == ["ran", "second source"]
    stored = projects.client("s3").get_object(Bucket=BUCKET, Key="out/deep/artifact")
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{BUCKET}/out/deep/artifact"
    archive = zipfile.ZipFile(io.BytesIO(stored["Body"].read()))
    assert sorted(archive.namelist()) == ["buildspec-named.yaml", "run.sh"]
    assert archive.getinfo("run.sh").external_attr >> 16 & 0o111


def test_a_source_that_s3_does_not_give_is_told_in_its_words(projects: Projects) -> None:
    private = projects.put_zip("private.zip", {"a.txt": ("a", 0o644)})
    blind = projects.role("blind", [each for each in ALLOWED if each != "s3:GetObject"])
    projects.client("s3").put_object(Bucket=BUCKET, Key="empty.zip", Body=b"")
    projects.project("ungiven", {"version": "0.2", "phases": {"build": {"commands": ["true"]}}})
    for location, role, reason in (
        (private, blind, "AccessDenied"),
        (f"{BUCKET}/absent.zip", None, "NoSuchKey"),
        (f"{BUCKET}/empty.zip", None, "not a zip archive"),
    ):
        as_role = {"serviceRoleOverride": role} if role else {}
        overrides = {"sourceTypeOverride": "S3", "sourceLocationOverride": location, **as_role}
        build = projects.wait(projects.start("ungiven", **overrides))
        assert reason in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


def test_a_report_tells_each_test_case_even_when_the_build_failed(projects: Projects) -> None:
    xml = (
        '<testsuites><testsuite name="smoke"><testcase classname="t" name="good" time="0.25"/>'
        '<testcase classname="t" name="bad"><failure message="503, not 200">trace</failure>'
        "</testcase></testsuite></testsuites>"
    )
    build = projects.run(
        "reporting",
        {"build": ["mkdir reports", f"echo '{xml}' > reports/smoke.xml", "exit 1"]},
        reports={"smoke": {"files": ["smoke.xml"], "base-directory": "reports"}},
    )
    codebuild = projects.client("codebuild")
    (arn,) = build["reportArns"]
    (report,) = codebuild.batch_get_reports(reportArns=[arn])["reports"]
    assert build["buildStatus"] == "FAILED"
    assert report["status"] == "FAILED"
    assert report["reportGroupArn"].endswith(":report-group/reporting-smoke")
    assert report["testSummary"]["total"] == 2
    cases = codebuild.describe_test_cases(reportArn=arn)["testCases"]
    assert [(c["name"], c["status"], c["message"]) for c in cases] == [
        ("good", "SUCCEEDED", ""),
        ("bad", "FAILED", "503, not 200"),
    ]
    assert cases[0]["durationInNanoSeconds"] == 250_000_000


def test_a_role_that_may_not_report_fails_the_upload(projects: Projects) -> None:
    actions = [action for action in ALLOWED if not action.endswith("CreateReport")]
    arn = projects.role("silent", actions)
    spec = {
        "version": "0.2",
        "phases": {"build": {"commands": ["echo '<testsuite/>' > r.xml"]}},
        "reports": {"mute": {"files": ["r.xml"]}},
    }
    projects.project("mute", spec, serviceRole=arn)
    build = projects.wait(projects.start("mute"))
    message = phase(build, "UPLOAD_ARTIFACTS")["contexts"][0]["message"]
    assert "AccessDenied" in message
    assert build["buildStatus"] == "FAILED"


def test_a_log_streams_while_the_build_runs_and_keeps_its_order(projects: Projects) -> None:
    commands = ["for i in 1 2 3; do echo line $i; done", "until [ -e go ]; do sleep 0.1; done"]
    projects.project("live", {"version": "0.2", "phases": {"build": {"commands": commands}}})
    build_id = projects.start("live")
    deadline = time.monotonic() + 60
    while "line 3\n" not in (text := _log_or_nothing(projects, build_id)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    build = projects.get(build_id)
    assert build["buildStatus"] == "IN_PROGRESS"
    assert build["currentPhase"] == "BUILD"
    assert text.index("line 1\n") < text.index("line 2\n") < text.index("line 3\n")
    (projects.folder(build) / "workspace" / "src" / "go").touch()
    ended = projects.wait(build_id)
    assert projects.log(ended) == (projects.folder(ended) / "log.txt").read_text()


def _log_or_nothing(projects: Projects, build_id: str) -> str:
    # By its code: a client's own exception classes do not catch those of another client.
    try:
        return projects.log(projects.get(build_id))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return ""


def test_stop_build_ends_the_build_and_what_it_started(projects: Projects) -> None:
    left = f"sleep 321.{os.getpid()}"
    commands = [f"nohup {left} &", "sleep 322"]
    projects.project("stopped", {"version": "0.2", "phases": {"build": {"commands": commands}}})
    build_id = projects.start("stopped")
    deadline = time.monotonic() + 60
    while not runs(left):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    projects.client("codebuild").stop_build(id=build_id)
    build = projects.wait(build_id, seconds=30)
    assert build["buildStatus"] == "STOPPED"
    assert phase(build, "BUILD")["phaseStatus"] == "STOPPED"
    assert not runs(left)


def test_npm_installs_global_packages_into_the_builds_own_home(projects: Projects) -> None:
    build = projects.run(
        "npm-global",
        {"install": ["npm install -g cdk-assets@4.7.3"], "build": ["command -v cdk-assets"]},
    )
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    installed = ".npm-global/bin/cdk-assets"
    assert projects.output(build)[-1].endswith(f"/{installed}")
    assert (projects.folder(build) / "home" / installed).exists()


def test_a_runtime_that_is_not_here_fails_the_install_phase(projects: Projects) -> None:
    install = {"runtime-versions": {"python": "3.7"}, "commands": ["echo never"]}
    projects.project("old-runtime", {"version": "0.2", "phases": {"install": install}})
    build = projects.wait(projects.start("old-runtime"))
    context = phase(build, "INSTALL")["contexts"][0]
    assert "python 3.7: this machine has 3.12" in context["message"]


def test_python_and_node_of_the_asked_versions_are_on_path(projects: Projects) -> None:
    install = {
        "runtime-versions": {"python": "3.12", "nodejs": "24"},
        "commands": ["python --version", "python3.12 --version", "node --version"],
    }
    projects.project("runtimes", {"version": "0.2", "phases": {"install": install}})
    build = projects.wait(projects.start("runtimes"))
    python, python312, node = projects.output(build)
    assert python == python312
    assert python.startswith("Python 3.12.")
    assert node.startswith("v24.")


def test_a_wrong_buildspec_says_what_is_wrong(projects: Projects) -> None:
    projects.project("wrong", {"version": "0.2", "phases": {"bild": {"commands": []}}})
    build = projects.wait(projects.start("wrong"))
    context = phase(build, "DOWNLOAD_SOURCE")["contexts"][0]
    assert context["statusCode"] == "YAML_FILE_ERROR"
    assert "phases/bild" in context["message"]


def test_two_builds_at_once_do_not_see_each_other(projects: Projects) -> None:
    commands = ["echo $CODEBUILD_BUILD_NUMBER > number", "sleep 1", "cat number; ls"]
    projects.project("pair", {"version": "0.2", "phases": {"build": {"commands": commands}}})
    first, second = projects.start("pair"), projects.start("pair")
    assert projects.output(projects.wait(first)) == ["1", "number"]
    assert projects.output(projects.wait(second)) == ["2", "number"]
    listed = projects.client("codebuild").list_builds_for_project(projectName="pair")["ids"]
    assert set(listed) == {first, second}


def test_cloudformation_makes_report_groups_and_keeps_a_projects_log_group(
    projects: Projects,
) -> None:
    project = {
        "Name": "from-template",
        "ServiceRole": f"arn:aws:iam::{TOOLS}:role/builder",
        "Source": {
            "Type": "NO_SOURCE",
            "BuildSpec": {
                "Fn::Sub": "version: 0.2\n"
                "phases: {build: {commands: [\"echo '<testsuite/>' > r\"]}}"
                "\nreports: {'${Group.Arn}': {files: [r]}}\n"
            },
        },
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {"Type": "LINUX_CONTAINER", "Image": "i", "ComputeType": "SMALL"},
        "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": "of-my-own"}},
    }
    group = {"Name": "smoke", "Type": "TEST", "ExportConfig": {"ExportConfigType": "NO_EXPORT"}}
    template = {
        "Resources": {
            "Group": {"Type": "AWS::CodeBuild::ReportGroup", "Properties": group},
            "Project": {"Type": "AWS::CodeBuild::Project", "Properties": project},
        }
    }
    cloudformation = projects.client("cloudformation")
    cloudformation.create_stack(StackName="builds", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="builds", WaiterConfig={"Delay": 1}
    )
    build = projects.wait(projects.start("from-template"))
    assert build["logs"]["groupName"] == "of-my-own"
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    arn = f"arn:aws:codebuild:us-west-2:{TOOLS}:report-group/smoke"
    codebuild = projects.client("codebuild")
    listed = codebuild.list_reports_for_report_group(reportGroupArn=arn)["reports"]
    assert listed == build["reportArns"]


def test_a_caller_needs_permission_on_the_project_it_starts(projects: Projects) -> None:
    iam = projects.client("iam")
    iam.create_user(UserName="starter")
    allowed = f"arn:aws:codebuild:us-west-2:{TOOLS}:project/permitted"
    statement = {"Effect": "Allow", "Action": "codebuild:*", "Resource": allowed}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="starter", PolicyName="one", PolicyDocument=document)
    key = iam.create_access_key(UserName="starter")["AccessKey"]
    caller = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    codebuild = projects.server.session(caller).client("codebuild")
    for name in ("permitted", "forbidden"):
        projects.project(name, {"version": "0.2", "phases": {"build": {"commands": ["true"]}}})
    started = codebuild.start_build(projectName="permitted")["build"]["id"]
    assert codebuild.batch_get_builds(ids=[started])["builds"][0]["initiator"] == "starter"
    with pytest.raises(ClientError, match="AccessDenied"):
        codebuild.start_build(projectName="forbidden")
    with pytest.raises(ClientError, match="AccessDenied"):
        codebuild.batch_get_builds(ids=[projects.start("forbidden")])
    with pytest.raises(ClientError, match="AccessDenied"):
        codebuild.batch_get_builds(ids=[started, projects.start("forbidden")])
    assert codebuild.batch_get_builds(ids=[started, started])["builds"]
    projects.wait(started)


def cached(projects: Projects, name: str, *commands: str) -> None:
    """A project whose builds run the commands and keep the folder `kept` in the local cache."""
    spec = {
        "version": "0.2",
        "phases": {"build": {"commands": list(commands)}},
        "cache": {"paths": ["kept/**/*"]},
    }
    projects.project(name, spec, cache={"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]})


def test_a_build_leaves_its_cache_to_the_next(projects: Projects) -> None:
    """Also one that fails: its writes went through the link as they were made."""
    cached(projects, "cached", "ls -A kept", "touch kept/file; exit 1")
    first, second = (projects.wait(projects.start("cached")) for _ in range(2))
    assert first["buildStatus"] == "FAILED"
    assert "file" not in projects.output(first)
    assert "file" in projects.output(second)


def test_a_build_that_removes_the_link_to_its_cache_keeps_nothing(projects: Projects) -> None:
    cached(projects, "uncached", "ls -A kept", "rm -rf kept; mkdir kept; touch kept/file")
    first, second = (projects.wait(projects.start("uncached")) for _ in range(2))
    assert [first["buildStatus"], second["buildStatus"]] == ["SUCCEEDED", "SUCCEEDED"]
    assert "file" not in projects.output(second)


def test_a_build_that_can_have_no_cache_still_ends(projects: Projects) -> None:
    """The fault is ours, so it is a FAULT, and the server's log has it whole."""
    cached(projects, "uncacheable", "ls kept")
    store = projects.server.root / "cache" / "projects" / TOOLS / "uncacheable"
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_text("a file where the cache would be")
    build = projects.wait(projects.start("uncacheable"))
    assert build["buildStatus"] == "FAULT"
    assert "NotADirectoryError" in projects.server.log.read_text()
    assert not (projects.folder(build) / "tmp").exists()


def test_artifacts_and_reports_are_found_where_shell_variables_say(projects: Projects) -> None:
    """Also in a folder outside the source; a text stands for a list of one; links are left out."""
    commands = [
        "NAME=a.txt; PLACE=$(mktemp -d); mkdir -p out",
        "date > out/a.txt; ln -s a.txt out/link; date > $PLACE/b; ln -s b $PLACE/link",
        "echo '<testsuite><testcase name=\"t\"/></testsuite>' > $PLACE/r.xml",
    ]
    outside = {"base-directory": "$PLACE", "files": "[bl]*", "enable-symlinks": "yes"}
    outside["s3-prefix"] = "kept"
    projects.project(
        "places",
        {
            "version": "0.2",
            "phases": {"build": {"commands": commands}},
            "artifacts": {
                "base-directory": "$CODEBUILD_SRC_DIR/out",
                "files": ["$NAME", "link"],
                "secondary-artifacts": {"outside": outside},
            },
            "reports": {"r": {"base-directory": "${PLACE}", "files": "r.xml"}},
        },
    )
    place = {"type": "S3", "location": BUCKET, "path": "places", "packaging": "ZIP"}
    second = {**place, "name": "two", "artifactIdentifier": "outside", "namespaceType": "BUILD_ID"}
    build = projects.wait(
        projects.start(
            "places",
            artifactsOverride={**place, "name": "one", "namespaceType": "NONE"},
            secondaryArtifactsOverride=[second],
        )
    )
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    assert stored_names(projects, "places/one") == ["a.txt"]
    unique = build["id"].rpartition(":")[2]
    assert stored_names(projects, f"kept/{unique}/two") == ["b", "link"]
    assert len(build["reportArns"]) == 1


def stored_names(projects: Projects, key: str) -> list[str]:
    body = projects.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return sorted(zipfile.ZipFile(io.BytesIO(body)).namelist())


def test_a_phase_is_retried_while_its_error_matches(projects: Projects) -> None:
    commands = ["echo tried >> tries", "test $(wc -l < tries) -ge 3"]
    for name, on_failure, tries in (
        ("retried", "RETRY", 3),
        ("retried-once", "RETRY-1", 2),
        ("retried-never", "RETRY-5-timed out", 1),
    ):
        phases = {"build": {"commands": commands, "on-failure": on_failure}}
        phases["post_build"] = {"commands": ["wc -l < tries"]}
        projects.project(name, {"version": "0.2", "phases": phases})
        build = projects.wait(projects.start(name))
        assert projects.output(build)[-1].strip() == str(tries), projects.log(build)
        assert build["buildStatus"] == ("SUCCEEDED" if tries == 3 else "FAILED")


def test_a_runtime_version_may_come_from_a_variable(projects: Projects) -> None:
    install = {"runtime-versions": {"python": "$PV"}, "commands": ["python --version"]}
    environment = {"variables": {"PV": "3.12"}}
    spec = {"version": "0.2", "env": environment, "phases": {"install": install}}
    projects.project("variable-runtime", spec)
    build = projects.wait(projects.start("variable-runtime"))
    assert projects.output(build)[-1].startswith("Python 3.12.")


def test_coverage_becomes_a_report_of_its_own_kind(projects: Projects) -> None:
    xml = '<coverage><class filename="a"><line number="1" hits="1"/><line number="2" hits="0"/>'
    build = projects.run(
        "covered",
        {"build": [f"echo '{xml}</class></coverage>' > c.xml"]},
        reports={"lines": {"files": ["c.xml"], "file-format": "CoberturaXml"}},
    )
    (arn,) = build["reportArns"]
    (report,) = projects.client("codebuild").batch_get_reports(reportArns=[arn])["reports"]
    assert report["type"] == "CODE_COVERAGE"
    assert report["codeCoverageSummary"]["lineCoveragePercentage"] == 50.0


def test_the_images_habits_are_those_of_the_build(projects: Projects) -> None:
    """`sh` is bash on Amazon Linux, pip installs into the build's own interpreter, variables."""
    package = wheel(projects.tools("habits"), "a-small-one")
    commands = [
        "echo word=sourced > f.sh; source ./f.sh; echo $word",
        f"pip install --quiet --no-index {TOOLS_THERE}/{package.name}",
        "python -c 'import a_small_one'",
        "pip uninstall --quiet --yes a-small-one",
        f"pip install --quiet --no-index --user {TOOLS_THERE}/{package.name}",
        "python3 -c 'import a_small_one; print(a_small_one.__file__)'",
        "python3 -m venv own",
        "own/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'",
        "docker version 2>&1 || echo $?",
    ]
    image = {
        "type": "LINUX_CONTAINER",
        "image": "aws/codebuild/amazonlinux-x86_64-standard:6.0",
        "computeType": "BUILD_GENERAL1_SMALL",
    }
    spec = {"version": "0.2", "phases": {"build": {"commands": commands}}}
    projects.project("habits", spec, environment=image)
    build = projects.wait(projects.start("habits"))
    assert build["buildStatus"] == "SUCCEEDED", projects.log(build)
    word, place, own, docker, status = projects.output(build)[-5:]
    assert (word, own, status) == ("sourced", "True", "127")
    assert "/.local/lib/" in place
    assert docker.startswith("docker: not here.")


def wheel(folder: Path, name: str) -> Path:
    """A wheel of one empty module."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    info = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{module}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_a_build_that_a_pipeline_started_names_it_as_its_initiator(projects: Projects) -> None:
    """CodePipeline's action sends this header with its call; without it, the caller is named."""
    spec = {"version": "0.2", "phases": {"build": {"commands": ["echo $CODEBUILD_INITIATOR"]}}}
    projects.project("initiated", spec)
    codebuild = projects.client("codebuild")

    def add_header(request: AWSRequest, **_: object) -> None:
        request.headers["x-embedded-aws-initiator"] = "codepipeline/delivery"

    codebuild.meta.events.register("before-sign.codebuild.StartBuild", add_header)
    started = codebuild.start_build(projectName="initiated")["build"]
    assert started["initiator"] == "codepipeline/delivery"
    assert projects.output(projects.wait(started["id"])) == ["codepipeline/delivery"]


def test_a_build_finds_no_repository_above_itself(tmp_path: Path) -> None:
    """The root is in a checkout here, as a developer's is: its tags and packages stay out of it."""
    checkout = tmp_path / "checkout"
    package = checkout / "node_modules" / "above" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"name": "above"}')
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    with start(checkout / ".root", "codebuild") as server:
        projects = Projects(server)
        projects.prepare()
        build = projects.run(
            "upwards",
            {
                "build": [
                    "git rev-parse --show-toplevel || echo no repository",
                    "git tag made-by-a-build || echo no tag",
                    "node -p \"require.resolve('above/package.json')\" || echo no package",
                ]
            },
        )
        said = projects.output(build)
        shutil.rmtree(projects.folder(build).resolve().parent)
    assert {"no repository", "no tag", "no package"} <= set(said)
    tags = subprocess.run([*git, "tag"], check=True, capture_output=True, text=True)
    assert tags.stdout == ""
