"""Wrong processors, each a mistake that somebody could make, and what the fault run finds by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any

from services.common.runtime.problems import UnavailableError
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import Result, VersionRow
from services.files.runtime.catalogue.store import DynamoCatalogue
from services.files.runtime.processing.event import Upload
from services.files.runtime.processing.objects import S3Objects
from services.files.runtime.processing.ports import Product
from services.files.runtime.processing.processor import AttemptError, Outcome, Processor
from services.files.runtime.rejection import RejectedError
from tests.support.file_service import Build

_calls = count()


class OverwritesRows(DynamoCatalogue):
    def _put(self, version: VersionRow) -> dict[str, Any]:
        put = super()._put(version)
        return {name: put[name] for name in ("TableName", "Item")}


class IgnoresTheOrder(DynamoCatalogue):
    def _follow(self, version: VersionRow, kind: Kind) -> dict[str, Any]:
        return super()._follow(version, kind) | {"ConditionExpression": "attribute_exists(file_id)"}


class ComparesSequencersUnpadded(DynamoCatalogue):
    def save(self, version: VersionRow, kind: Kind) -> bool:
        return super().save(replace(version, sequencer=version.sequencer.lstrip("0")), kind)


class WritesOneAfterTheOther(DynamoCatalogue):
    def save(self, version: VersionRow, kind: Kind) -> bool:
        if not self._write_alone(self._put(version)):
            return False
        follow = self._follow(version, kind)
        try:
            self.client.update_item(**follow)
        except self.client.exceptions.ConditionalCheckFailedException:
            return True
        return True


class TakesAnEqualFileForItsOwn(S3Objects):
    def store(self, key: str, product: Product) -> Result:
        folder, _, name = key.rpartition("/")
        return super().store(f"{folder.rpartition('/')[0]}/{name}", product)


class HopesForTheBest(S3Objects):
    def store(self, key: str, product: Product) -> Result:
        try:
            return super().store(key, product)
        except UnavailableError:
            size = product.path.stat().st_size
            return Result(product.name, key, product.content_type, size, "0" * 64)


class SwallowsErrors(Processor):
    def process(self, upload: Upload, lease_until: datetime) -> Outcome:
        try:
            return super().process(upload, lease_until)
        except AttemptError:
            return Outcome.DONE


class WorksForNobody(Processor):
    """Claims in the name of the invocation: whoever dies takes the claim along."""

    def process(self, upload: Upload, lease_until: datetime) -> Outcome:
        return super().process(replace(upload, event_id=f"call-{next(_calls)}"), lease_until)


class BlamesTheFile(Processor):
    def _results(self, upload: Upload, claimed: VersionRow) -> list[Result]:
        try:
            return super()._results(upload, claimed)
        except Exception as error:
            raise RejectedError("broken", "Something went wrong") from error


class LeasesForEver(Processor):
    def process(self, upload: Upload, lease_until: datetime) -> Outcome:
        return super().process(upload, lease_until.replace(year=2036))


MISTAKES = {
    "overwrites rows": (Build(catalogue=OverwritesRows), "twice"),
    "ignores the order of versions": (Build(catalogue=IgnoresTheOrder), "files"),
    "compares sequencers unpadded": (Build(catalogue=ComparesSequencersUnpadded), "files"),
    "writes one row after the other": (Build(catalogue=WritesOneAfterTheOther), "files"),
    "keeps results of all versions in one place": (
        Build(objects=TakesAnEqualFileForItsOwn),
        "results",
    ),
    "records results that it could not store": (Build(objects=HopesForTheBest), "results"),
    "swallows errors": (Build(processor=SwallowsErrors), "hidden"),
    "claims for nobody": (Build(processor=WorksForNobody), "hidden"),
    "blames the file": (Build(processor=BlamesTheFile), "wrong"),
    "leases for ever": (Build(processor=LeasesForEver), "hidden"),
}
