"""The function that events invoke: it asks the newsroom, and publishes what that has to say.

What goes wrong is an error of the function, never swallowed: Lambda tries the event twice more,
then it lies in the dead-letter queue, which has an alarm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import boto3

from notifications.news import Newsroom
from notifications.words import Notice
from ops.pipeline import Pipeline


def handler(event: Mapping[str, Any], _context: object) -> dict[str, str]:
    """What was told, for the log: the subject, or "" for nothing."""
    variables = os.environ
    pipeline = Pipeline(variables["PIPELINE"], boto3.client)
    news = Newsroom(pipeline, variables["AWS_REGION"], variables["GOAL"], _read)
    return tell(news, boto3.client, variables["TOPIC_ARN"], event)


def _read(bucket: str, key: str) -> Mapping[str, Any]:
    found = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    return dict(json.loads(found["Body"].read()))


def tell(
    news: Newsroom, client: Callable[[str], Any], topic: str, event: Mapping[str, Any]
) -> dict[str, str]:
    """Publishes the message of an event, if there is one."""
    notice = news.of(event)
    if notice is None:
        return {"told": ""}
    client("sns").publish(
        TopicArn=topic, Subject=notice.subject, Message=message(notice), MessageStructure="json"
    )
    return {"told": notice.subject}


def message(notice: Notice) -> str:
    """A text for each protocol: people read mail, and programs take JSON ("Publish", Amazon SNS
    API Reference, MessageStructure)."""
    return json.dumps({"default": notice.text, "https": json.dumps(notice.chat)})
