"""The file service's template starts work on every upload, keeps what fails, lets nobody else in.

Proved on the synthesized templates of the nested stack: which events start which function, what
becomes of those that fail, who may call, what is encrypted, which actions the roles have, and that
settings arrive. Not proved: that the events fire and the functions run; the rehearsal does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from services.files import options as files_options
from services.files.options import FileOptions
from services.files.runtime.catalogue.items import (
    NEWEST_INDEX,
    STATUS_INDEX,
    TTL_ATTRIBUTE,
    file_item,
    version_part,
)
from services.files.runtime.catalogue.kinds import SUFFIXES, Kind
from services.files.runtime.catalogue.models import FileRow, Standing, Status
from services.files.runtime.images import SIZES
from services.files.runtime.images import Limits as ImageLimits
from services.files.runtime.tables import MAX_BYTES as MAX_TABLE_BYTES
from settings import Reader
from stages.options import ApplicationOptions
from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    Application,
    Resource,
    application,
    as_list,
    plain,
)
from tests.support.file_service import created

# The construct of each kind of files, and what its function is called.
FUNCTIONS = {
    Kind.IMAGE: ("Images", "image-processor"),
    Kind.TABLE: ("Tables", "data-transformer"),
}
# Actions without resource-level permissions ("Actions, resources, and condition keys" pages of
# CloudWatch Logs and X-Ray in the Service Authorization Reference).
UNSCOPED = ("logs:", "xray:")
MOMENT = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
def files(request: pytest.FixtureRequest) -> Application:
    """The nested stack of an environment."""
    return application(request.param).part("Files")


@pytest.fixture(params=FUNCTIONS, ids=[kind.value for kind in FUNCTIONS])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


def bucket(files: Application, name: str) -> Resource:
    full = f"tap-{files.environment.name}-{name}-"
    (found,) = (
        each
        for each in files.resources("AWS::S3::Bucket")
        if each.properties["BucketName"].startswith(full)
    )
    return found


def function(files: Application, name: str) -> Resource:
    full = f"tap-{files.environment.name}-{name}"
    (found,) = (
        each
        for each in files.resources("AWS::Lambda::Function")
        if each.properties.get("FunctionName") == full
    )
    return found


def variables(files: Application, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = function(files, name).properties["Environment"]["Variables"]
    return found


def rule(files: Application, kind: Kind) -> Resource:
    construct, _ = FUNCTIONS[kind]
    (found,) = (
        each
        for each in files.resources("AWS::Events::Rule")
        if each.logical_id.startswith(construct)
    )
    return found


def alias(files: Application, kind: Kind) -> Resource:
    """By which the function of a kind is invoked."""
    _, name = FUNCTIONS[kind]
    of = {"Ref": function(files, name).logical_id}
    (found,) = (
        each
        for each in files.resources("AWS::Lambda::Alias")
        if each.properties["FunctionName"] == of
    )
    return found


class TestAnUpload:
    def test_is_told_to_the_event_bus_by_its_bucket_and_no_other(self, files: Application) -> None:
        told = bucket(files, "uploads").properties["NotificationConfiguration"]
        assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
        assert "NotificationConfiguration" not in bucket(files, "results").properties
        # The CDK's own switch would come with a function that may change any bucket.
        assert not list(files.resources("Custom::S3BucketNotifications"))

    def test_of_a_kind_starts_its_function_in_whatever_case_its_name_ends(
        self, files: Application, kind: Kind
    ) -> None:
        pattern = rule(files, kind).properties["EventPattern"]
        uploads = bucket(files, "uploads").logical_id
        assert plain(pattern["detail"]["bucket"]["name"]) == [f"<{uploads}>"]
        endings = [
            each["suffix"]["equals-ignore-case"] for each in pattern["detail"]["object"]["key"]
        ]
        assert set(endings) == {suffix for suffix, of in SUFFIXES.items() if of is kind}
        (target,) = rule(files, kind).properties["Targets"]
        assert plain(target["Arn"]) == f"<{alias(files, kind).logical_id}>"

    def test_is_matched_by_what_s3_says_of_it(self, files: Application, kind: Kind) -> None:
        pattern = rule(files, kind).properties["EventPattern"]
        event = created("a.jpg", "version", "A1", 3)
        assert event["source"] in pattern["source"]
        assert event["detail-type"] in pattern["detail-type"]
        assert event["detail"]["object"].keys() >= pattern["detail"]["object"].keys()
        assert event["detail"]["bucket"].keys() >= pattern["detail"]["bucket"].keys()

    def test_starts_only_what_its_own_rule_starts(self, files: Application, kind: Kind) -> None:
        worker = alias(files, kind).logical_id
        (permission,) = (
            each.properties
            for each in files.resources("AWS::Lambda::Permission")
            if plain(each.properties["FunctionName"]) == f"<{worker}>"
        )
        assert permission["Principal"] == "events.amazonaws.com"
        assert plain(permission["SourceArn"]) == f"<{rule(files, kind).logical_id}>"

    def test_that_fails_is_tried_twice_more_and_kept_for_fourteen_days(
        self, files: Application, kind: Kind
    ) -> None:
        construct, name = FUNCTIONS[kind]
        (retries,) = (
            each.properties
            for each in files.resources("AWS::Lambda::EventInvokeConfig")
            if each.logical_id.startswith(construct)
        )
        assert retries["MaximumRetryAttempts"] == 2
        assert variables(files, name)["MAX_ATTEMPTS"] == "3"
        (queue,) = (
            each
            for each in files.resources("AWS::SQS::Queue")
            if each.properties["QueueName"] == f"tap-{files.environment.name}-{name}-dead"
        )
        assert queue.properties["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert queue.properties["SqsManagedSseEnabled"] is True
        kept_in = f"<{queue.logical_id}>"
        assert plain(function(files, name).properties["DeadLetterConfig"]["TargetArn"]) == kept_in
        # What EventBridge could not hand over lies beside what the function gave up.
        (target,) = rule(files, kind).properties["Targets"]
        assert plain(target["DeadLetterConfig"]["Arn"]) == kept_in

    def test_is_still_there_as_it_was_when_its_event_is_redriven(self, files: Application) -> None:
        rules = bucket(files, "uploads").properties["LifecycleConfiguration"]["Rules"]
        assert [r for r in rules if "ExpirationInDays" in r] == []
        kept = [r["NoncurrentVersionExpiration"]["NoncurrentDays"] for r in rules]
        assert min(kept) > 14

    def test_comes_by_a_form_from_pages_of_the_environments_origins_only(self) -> None:
        origins = ("https://a.example.com",)
        files = application(DISPOSABLE, cors_origins=origins).part("Files")
        for name, method in (("uploads", "POST"), ("results", "GET")):
            (allowed,) = bucket(files, name).properties["CorsConfiguration"]["CorsRules"]
            assert allowed["AllowedMethods"] == [method]
            assert allowed["AllowedOrigins"] == list(origins)
            assert "AllowedHeaders" not in allowed


@pytest.mark.parametrize("name", ["uploads", "results"])
def test_buckets_are_private_encrypted_versioned_and_tls_only(
    files: Application, name: str
) -> None:
    found = bucket(files, name)
    assert list(found.properties["PublicAccessBlockConfiguration"].values()) == [True] * 4
    assert found.properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert found.properties["VersioningConfiguration"] == {"Status": "Enabled"}
    (policy,) = (
        each.properties["PolicyDocument"]["Statement"]
        for each in files.resources("AWS::S3::BucketPolicy")
        if each.properties["Bucket"] == {"Ref": found.logical_id}
    )
    refusals = [each["Condition"] for each in policy if each["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refusals


def test_the_catalogue_has_the_keys_and_indexes_that_its_rows_have(files: Application) -> None:
    table = files.only("AWS::DynamoDB::").properties
    now = Standing(status=Status.ANNOUNCED, updated_at=MOMENT)
    row = file_item(
        FileRow(
            file_id="f",
            filename="a.csv",
            kind=Kind.TABLE,
            s3_key="uploads/f/a.csv",
            announced_at=MOMENT,
            standing=now,
            expires_at=MOMENT,
        )
    )
    indexes = {each["IndexName"]: each["KeySchema"] for each in table["GlobalSecondaryIndexes"]}
    assert indexes.keys() == {NEWEST_INDEX, STATUS_INDEX}
    for schema in (table["KeySchema"], *indexes.values()):
        assert {each["AttributeName"] for each in schema} <= row.keys()
    assert [each["KeyType"] for each in table["KeySchema"]] == ["HASH", "RANGE"]
    assert version_part("v") != row["part"]["S"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": TTL_ATTRIBUTE, "Enabled": True}
    assert row[TTL_ATTRIBUTE].keys() == {"N"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("name", "memory", "seconds"),
    [("image-processor", 512, 300), ("data-transformer", 256, 180), ("files-api", 128, 30)],
)
def test_functions_have_the_agreed_size_and_time(
    files: Application, name: str, memory: int, seconds: int
) -> None:
    found = function(files, name).properties
    assert (found["MemorySize"], found["Timeout"]) == (memory, seconds)


def test_a_table_and_all_that_is_made_of_it_fit_on_the_local_disk(files: Application) -> None:
    told = variables(files, "data-transformer")
    disk = function(files, "data-transformer").properties["EphemeralStorage"]["Size"]
    needed = int(told["MAX_FILE_BYTES"]) + int(told["MAX_RESULT_BYTES"])
    assert needed < disk * 1024 * 1024 <= 10 * 1024**3


def test_an_image_lies_twice_on_the_local_disk(files: Application) -> None:
    assert "EphemeralStorage" not in function(files, "image-processor").properties
    told = variables(files, "image-processor")
    assert 2 * int(told["MAX_FILE_BYTES"]) < 512 * 1024 * 1024
    assert 2 * files_options.LARGEST_IMAGE_BYTES < 512 * 1024 * 1024


def test_every_function_has_an_asset_of_its_own(files: Application) -> None:
    names = ("image-processor", "data-transformer", "files-api")
    assets = {function(files, name).properties["Code"]["S3Key"] for name in names}
    assert len(assets) == len(names)


def test_every_method_but_a_preflight_needs_a_signature(files: Application) -> None:
    methods = {
        (method.properties["HttpMethod"], method.properties["AuthorizationType"])
        for method in files.resources("AWS::ApiGateway::Method")
    }
    assert methods == {("POST", "AWS_IAM"), ("GET", "AWS_IAM"), ("OPTIONS", "NONE")}


def test_the_stage_is_throttled_and_logs_no_bodies(files: Application) -> None:
    (settings,) = files.only("AWS::ApiGateway::Stage").properties["MethodSettings"]
    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert settings["DataTraceEnabled"] is False


def test_browsers_are_let_in_from_named_origins_only(files: Application) -> None:
    assert "'*'" not in json.dumps(files.template)


def services_own(files: Application) -> Iterator[tuple[str, dict[str, Any]]]:
    """Statements of all roles but those that deploy (test_application_rollout.py)."""
    return (each for each in files.statements() if "Rollout" not in each[0])


def test_roles_have_exactly_the_actions_that_the_code_calls(files: Application) -> None:
    granted: dict[str, set[str]] = {}
    for policy, statement in services_own(files):
        actions = {a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)}
        granted.setdefault(policy.partition("Role")[0], set()).update(actions)
    works = {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject",
        "sqs:SendMessage",
    }
    assert granted == {
        "ImagesWorker": works,
        "TablesWorker": works,
        "Processor": {
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
        },
    }


def test_no_statement_is_wider_than_a_resource_of_ours(files: Application) -> None:
    for _, statement in services_own(files):
        scoped = [a for a in as_list(statement["Action"]) if not a.startswith(UNSCOPED)]
        if scoped:
            assert "*" not in as_list(statement["Resource"]), scoped
        assert not [action for action in as_list(statement["Action"]) if "*" in action]


def test_no_function_writes_where_it_is_triggered(files: Application, kind: Kind) -> None:
    construct, _ = FUNCTIONS[kind]
    uploads = bucket(files, "uploads").logical_id
    for policy, statement in files.statements():
        if policy.startswith(construct) and "s3:PutObject" in as_list(statement["Action"]):
            assert uploads not in json.dumps(statement["Resource"])


def test_the_smoke_role_reaches_the_routes_of_the_api() -> None:
    app = application(DISPOSABLE).whole
    (statement,) = [s for policy, s in app.statements() if policy.startswith("Smoke")]
    reached = [resource["Fn::Join"][1] for resource in statement["Resource"]]
    ends = [parts[-1] for parts in reached if "FilesApi" in json.dumps(parts)]
    assert sorted(ends) == ["/GET/files", "/GET/files/*", "/GET/status", "/POST/files"]


class TestTheCommit:
    """GET /status tells it: a parameter, so that no template differs from commit to commit."""

    def test_is_a_parameter_that_reaches_the_function(self, files: Application) -> None:
        assert variables(files, "files-api")["COMMIT"] == {"Ref": "Commit"}
        outer = application(files.environment)
        (nested,) = outer.resources("AWS::CloudFormation::Stack")
        assert nested.properties["Parameters"] == {"Commit": {"Ref": "Commit"}}

    def test_is_unknown_when_nobody_tells_it(self) -> None:
        assert application(DISPOSABLE).template["Parameters"]["Commit"]["Default"] == "unknown"


class TestSettings:
    """`application.files` in cdk.json."""

    def test_reach_the_functions(self) -> None:
        given = {
            "image_sizes": {"tiny": 64},
            "max_image_bytes": 1000,
            "max_table_bytes": 2000,
            "link_minutes": 5,
            "image_concurrency": 3,
        }
        files = application(DISPOSABLE, options={"files": given}).part("Files")
        assert variables(files, "image-processor")["IMAGE_SIZES"] == "tiny=64"
        assert variables(files, "image-processor")["MAX_FILE_BYTES"] == "1000"
        assert variables(files, "data-transformer")["MAX_FILE_BYTES"] == "2000"
        api = variables(files, "files-api")
        told = (api["MAX_IMAGE_BYTES"], api["MAX_TABLE_BYTES"], api["LINK_MINUTES"])
        assert told == ("1000", "2000", "5")
        worker = function(files, "image-processor").properties
        assert worker["ReservedConcurrentExecutions"] == 3

    def test_of_concurrency_hold_for_one_kind_each_and_never_for_the_api(
        self, files: Application
    ) -> None:
        reserved = {
            name: function(files, name).properties.get("ReservedConcurrentExecutions")
            for name in ("image-processor", "data-transformer", "files-api")
        }
        defaults = FileOptions()
        assert reserved == {
            "image-processor": defaults.image_concurrency,
            "data-transformer": defaults.table_concurrency,
            "files-api": None,
        }

    def test_of_no_concurrency_reserve_none_where_the_account_has_none_to_spare(self) -> None:
        none = {"image_concurrency": 0, "table_concurrency": 0}
        files = application(DISPOSABLE, options={"files": none}).part("Files")
        for each in files.resources("AWS::Lambda::Function"):
            assert "ReservedConcurrentExecutions" not in each.properties

    def test_have_the_defaults_that_were_measured(self) -> None:
        defaults = FileOptions()
        assert defaults.image_sizes == {size.name: size.longest for size in SIZES}
        assert defaults.max_image_bytes == ImageLimits().bytes
        assert defaults.max_table_bytes == MAX_TABLE_BYTES

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({"image_sizes": {"Big": 1}}, "image_sizes"),
            ({"image_sizes": {"big": 0}}, "image_sizes"),
            ({"image_sizes": {"big": 100_000}}, "image_sizes"),
            ({"image_sizes": {"big": 4097}}, "image_sizes"),
            ({"image_sizes": {"big": True}}, "image_sizes"),
            ({"max_image_bytes": 0}, "max_image_bytes"),
            ({"max_table_bytes": 10**10}, "max_table_bytes"),
            ({"link_minutes": 61}, "link_minutes"),
            ({"image_concurrency": 901}, "image_concurrency"),
            ({"table_concurrency": -1}, "table_concurrency"),
            ({"image_concurrency": 500, "table_concurrency": 401}, "table_concurrency"),
            ({"image_concurency": 1}, "image_concurency"),
        ],
    )
    def test_that_are_wrong_are_named(self, given: dict[str, object], named: str) -> None:
        reader = Reader(given, "tap.application.files")
        FileOptions.read(reader)
        (problem,) = reader.problems
        assert problem.key == f"tap.application.files.{named}"

    def test_are_the_defaults_where_cdk_json_says_nothing(self) -> None:
        assert ApplicationOptions.parse({}) == ApplicationOptions.parse({"files": {}})
