"""Proves that a new server knows what an earlier one kept, and that nothing else is taken for it.

The servers are real. That a whole delivery goes on from a kept state is shown in `tests/delivery`.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from embedded_aws.clients import Credentials
from embedded_aws.errors import ServerError, StateError
from embedded_aws.server import Server
from tests.embedded_aws.emulated import DEV, REGION, administrators
from tests.embedded_aws.measuring import Watcher
from tests.embedded_aws.pipelines import Bench, action, properties
from tests.support import aws

COPIES = ["copy-1", "copy-2", "copy-3"]
LARGE = bytes(range(256)) * 4096


def test_what_was_kept_is_there_in_a_new_server_and_a_damaged_file_is_refused(root: Path) -> None:
    with Server(root, region=REGION) as first:
        session = first.session(Credentials.root(DEV))
        s3, table = session.client("s3"), session.client("dynamodb")
        s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        old, new = (
            s3.put_object(Bucket="kept", Key="photo", Body=body)["VersionId"]
            for body in (b"\x00old", b"\xffnew")
        )
        for copy in COPIES:
            s3.put_object(Bucket="kept", Key=copy, Body=LARGE)
        table.create_table(
            TableName="kept",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        table.put_item(TableName="kept", Item={"id": {"S": "1"}, "raw": {"B": b"\x00"}})
        codedeploy = session.client("codedeploy")
        codedeploy.create_application(applicationName="kept", computePlatform="Lambda")
        key = administrators(first)[DEV]
        watcher = Watcher(session)
        watcher.alarm("kept", "AWS/Lambda:Errors", {"FunctionName": "kept"})
        aws.function(session, "kept", "def handler(event, context):\n    1 / 0")
        aws.invoke(session, "kept", {})
        watcher.becomes("kept", "ALARM")
        file = first.save()
        s3.put_object(Bucket="kept", Key="later", Body=b"")

    with Server(root, region=REGION, state=file) as second:
        session = second.session(key)  # whose secret is verified
        s3, table = session.client("s3"), session.client("dynamodb")
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket="kept")["Contents"]]
        assert keys == [*COPIES, "photo"]
        assert {s3.get_object(Bucket="kept", Key=copy)["Body"].read() for copy in COPIES} == {LARGE}
        assert file.stat().st_size < 2 * len(LARGE)
        bodies = [
            s3.get_object(Bucket="kept", Key="photo", VersionId=each)["Body"].read()
            for each in (old, new)
        ]
        assert bodies == [b"\x00old", b"\xffnew"]
        assert session.client("codedeploy").list_applications()["applications"] == ["kept"]
        assert table.scan(TableName="kept")["Items"] == [{"id": {"S": "1"}, "raw": {"B": b"\x00"}}]
        watcher = Watcher(session)
        assert watcher.state("kept") == "ALARM"
        assert watcher.api.describe_alarm_history(AlarmName="kept")["AlarmHistoryItems"]
        assert watcher.sum("AWS/Lambda:Errors", FunctionName="kept") == 1
        aws.invoke(session, "kept", {})
        assert watcher.sum("AWS/Lambda:Errors", FunctionName="kept") == 2

    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ServerError, match=r"kept\.pickle is damaged"):
        Server(root, region=REGION, state=file).start()


def test_a_pipeline_is_not_kept_while_it_runs() -> None:
    bench = Bench(properties(("Build", [action("Compile")])))
    bench.hold("Compile")
    execution = bench.start()
    bench.running(execution, "Compile")
    with pytest.raises(StateError, match="an execution of delivery runs"):
        bench.state.at_rest()
    bench.let_go("Compile")
    bench.ended(execution, "Succeeded")
    (kept,) = pickle.loads(pickle.dumps(bench.state.at_rest()))  # noqa: S301
    assert kept.execution(execution.id).status == "Succeeded"
