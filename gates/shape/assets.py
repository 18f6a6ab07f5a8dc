"""What is published is what was synthesized, and goes where it belongs."""

from __future__ import annotations

from collections.abc import Iterator

from assembly.assets import Asset
from assembly.intended import QUALIFIER
from gates.delivery import Delivery
from gates.registry import rule


@rule(
    "TAP-418",
    why="what an environment gets would not be what the gates judged, and no template shows it",
    fix="an asset is a file or folder of the assembly, published to its environment's bootstrap "
    "bucket as the bootstrap's role",
)
def assets_are_files(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """A program run while publishing could write anything to every account."""
    for file, manifest in delivery.assembly.documents.items():
        if file.endswith(".assets.json") and manifest.get("dockerImages"):
            yield file, "builds container images while publishing"
    for asset in delivery.assembly.assets:
        for problem in _problems(delivery, asset):
            yield f"{asset.manifest}, asset {asset.name}", problem


def _problems(delivery: Delivery, asset: Asset) -> Iterator[str]:
    outside = asset.file.startswith(("/", "../"))
    if set(asset.source) != {"path", "packaging"} or outside:
        yield f"is made by {asset.source}"
    intended = delivery.intended
    allowed = [
        (
            f"cdk-{QUALIFIER}-assets-{account}-{intended.region}",
            intended.bootstrap_role(account, "file-publishing"),
        )
        for account in (intended.tools, *(each.account for each in intended.environments))
    ]
    for destination in asset.destinations:
        role = str(destination.get("assumeRoleArn")).replace("${AWS::Partition}", "aws")
        if (destination.get("bucketName"), role) not in allowed:
            yield f"goes to {destination}"
