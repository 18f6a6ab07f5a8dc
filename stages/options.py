"""What an installation may choose of the application: one section a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from services.requests.options import RequestOptions
from settings import Reader, SettingsError


@dataclass(frozen=True)
class ApplicationOptions:
    """The services' options, one member a service."""

    requests: RequestOptions = field(default_factory=RequestOptions)

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """From `application` of the settings; what is absent there has its service's default.

        Raises:
            SettingsError: something is unknown or wrong; all of it is listed.
        """
        reader = Reader(values, "tap.application")
        options = cls(requests=RequestOptions.read(reader.section("requests", {})))
        reader.finish()
        if reader.problems:
            raise SettingsError(reader.problems)
        return options
