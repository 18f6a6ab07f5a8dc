"""Is data lost, or left where the service no longer finds it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops.verdicts import Level, Verdict
from promotion.changes import Action, Change
from promotion.preview import StackPreview

ABOUT: Final = "data"
# What holds something that no deployment can make again.
STATEFUL: Final = {
    "AWS::Backup::BackupVault": "backups",
    "AWS::Cognito::UserPool": "users",
    "AWS::DocDB::DBCluster": "documents",
    "AWS::DynamoDB::GlobalTable": "rows",
    "AWS::DynamoDB::Table": "rows",
    "AWS::EC2::Volume": "files",
    "AWS::ECR::Repository": "images",
    "AWS::EFS::FileSystem": "files",
    "AWS::ElastiCache::ReplicationGroup": "entries",
    "AWS::KMS::Key": "key, and with it whatever is encrypted under it",
    "AWS::Kinesis::Stream": "records",
    "AWS::Logs::LogGroup": "logs",
    "AWS::Neptune::DBCluster": "graph",
    "AWS::OpenSearchService::Domain": "documents",
    "AWS::RDS::DBCluster": "rows",
    "AWS::RDS::DBInstance": "rows",
    "AWS::Redshift::Cluster": "rows",
    "AWS::S3::Bucket": "objects",
    "AWS::SQS::Queue": "messages",
    "AWS::SSM::Parameter": "value, if anybody changed it",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::Timestream::Table": "records",
}


def judge(previews: Sequence[StackPreview]) -> Iterator[Verdict]:
    """A verdict for every resource with data that does not stay as it is.

    NOTE where it does unless something else, that is not replaced, turns out otherwise.
    """
    for preview in previews:
        replaced = {c.logical_id for c in preview.changes if c.action is Action.REPLACED}
        for change in preview.changes:
            what = STATEFUL.get(change.type)
            if what and change.action in _SENTENCES:
                surely = not change.follows or replaced & set(change.causes)
                level = Level.RED if surely else Level.NOTE
                yield Verdict(level, ABOUT, _text(change, what))


_SENTENCES: Final = {
    Action.REMOVED: "is removed",
    Action.REPLACED: "is replaced by a new, empty one",
    Action.PERHAPS_REPLACED: "may be replaced by a new, empty one",
}
_POLICIES: Final = {
    "Delete": "its {what} will be lost",
    "Retain": "its {what} stay behind in the old one, where nothing reads them",
    "Snapshot": "a snapshot of its {what} is kept",
}


def _text(change: Change, what: str) -> str:
    happens = f"{change.label} in {change.stack} {_SENTENCES[change.action]}"
    forced = [each.name for each in change.properties if each.replaces != "Never"]
    because = f" because of {', '.join(forced)}" if forced else ""
    return f"{happens}{because}: {_POLICIES[change.policy].format(what=what)}"
