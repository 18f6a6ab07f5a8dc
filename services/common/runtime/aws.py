"""The way to AWS: one botocore session for all clients of a function, and one kind of failure.

Only botocore is imported, not boto3, of which we would use a thin cover. What botocore reads is cut
down to what the function calls (services/common/packaging/aws_models.py): the descriptions of
services, and the certificate authorities. Together this is half of a cold start;
docs/benchmarks.md has figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.loaders import Loader
from botocore.session import Session

from services.common.runtime.problems import FIRST_SERVER_ERROR, StoreRefusedError, UnavailableError

_AMAZON_ROOTS = Path(__file__).with_name("amazon_roots.pem")
_FIRST_CLIENT_ERROR = 400
# Of what AWS answers with 4xx, what says nothing about the request: it came too slowly, met
# another one, or was one too many, which some services say with 400 ("Retry behavior", AWS SDKs and
# Tools Reference Guide, and "Error handling with DynamoDB", Amazon DynamoDB Developer Guide).
_PASSING_STATUSES = (408, 409, 429)
_PASSING_CODES = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("ProvisionedThroughputExceededException", "LimitExceededException", "SlowDown"),
        *("TransactionInProgressException", "TransactionConflictException"),
        *("TransactionCanceledException", "RequestTimeout", "RequestTimeoutException"),
        *("ExecutionLimitExceeded", "BandwidthLimitExceeded", "PriorRequestNotComplete"),
    }
)


def client_factory(models: Path, config: Config) -> Callable[[str], Any]:
    """Makes clients by service name, all of one session; no call is made yet.

    models: folder with the descriptions of services. A client has the operations that stand there,
    and no others. Credentials and region are those of the function.
    """
    session = Session()
    loader = Loader(extra_search_paths=[str(models)], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    # AWS_CA_BUNDLE, where it is set, replaces Amazon's roots as it does botocore's own bundle.
    authorities = session.get_config_variable("ca_bundle") or str(_AMAZON_ROOTS)
    return lambda service: session.create_client(service, config=config, verify=authorities)


@contextmanager
def faults_as_unavailable() -> Iterator[None]:
    """Raises UnavailableError for whatever AWS, or the way there, answers instead of a result, and
    its StoreRefusedError when the request is to blame.

    The original error stays its cause, for the log.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise (StoreRefusedError if _is_refusal(error) else UnavailableError) from error


def _is_refusal(error: ClientError | BotoCoreError) -> bool:
    """Would the same request fail again, however well AWS is?"""
    if not isinstance(error, ClientError):
        return not isinstance(error, NoConnectionError | HTTPClientError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    passing = status in _PASSING_STATUSES or error.response["Error"]["Code"] in _PASSING_CODES
    return _FIRST_CLIENT_ERROR <= status < FIRST_SERVER_ERROR and not passing
