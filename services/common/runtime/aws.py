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
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

from services.common.runtime.problems import UnavailableError

_AMAZON_ROOTS = Path(__file__).with_name("amazon_roots.pem")


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
    """Raises UnavailableError for whatever AWS, or the way there, answers instead of a result.

    The original error stays its cause, for the log.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError from error
