"""The way to AWS: one botocore session for all clients of a function.

Only botocore is imported, not boto3, of which we would use a thin cover. What botocore reads is cut
down to what the function calls (services/common/packaging/aws_models.py): the descriptions of
services, and the certificate authorities. Together this is half of a cold start;
docs/benchmarks.md has figures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

_AMAZON_ROOTS = Path(__file__).with_name("amazon_roots.pem")


class Aws:
    """Makes clients that have the operations which `models` describes, and no others."""

    def __init__(self, models: Path) -> None:
        self._session = Session()
        loader = Loader(extra_search_paths=[str(models)], include_default_search_paths=False)
        self._session.register_component("data_loader", loader)

    def client(self, service: str, config: Config) -> Any:
        """No call is made yet. Credentials and region are those of the function.

        AWS_CA_BUNDLE, where it is set, replaces Amazon's roots as it does botocore's own bundle.
        """
        authorities = self._session.get_config_variable("ca_bundle") or str(_AMAZON_ROOTS)
        return self._session.create_client(service, config=config, verify=authorities)
