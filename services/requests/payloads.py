"""Where payloads live, and for how long."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.storage import private_bucket
from services.requests.runtime.models import ACCEPTANCE_TAG, UNDECIDED_TAG

PAYLOAD_PREFIX = "requests/"
# A payload is undecided for less than a second, or until the sweeper's next run. Only if neither
# has run for this long could an accepted one be expired; even then its bytes stay for the undo
# window, because the bucket keeps versions.
ORPHANS_EXPIRE_AFTER = cdk.Duration.days(7)


def payload_bucket(
    scope: Construct, construct_id: str, *, environment: EnvironmentSettings
) -> s3.Bucket:
    """Keeps what was accepted, and expires what no row ever referred to.

    An upload is tagged as undecided. The workflow, or the sweeper, replaces the tag when it takes
    the request on, by the same call that finds out whether the payload is there.
    """
    bucket = private_bucket(scope, construct_id, environment=environment, name="bucket")
    bucket.add_lifecycle_rule(
        id="orphans",
        prefix=PAYLOAD_PREFIX,
        tag_filters={ACCEPTANCE_TAG: UNDECIDED_TAG},
        expiration=ORPHANS_EXPIRE_AFTER,
    )
    # Expiration leaves a delete marker, and nothing below it once the undo window is over.
    bucket.add_lifecycle_rule(id="bare-markers", expired_object_delete_marker=True)
    return bucket
