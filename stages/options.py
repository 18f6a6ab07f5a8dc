"""What an installation may choose of the application: one section a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from services.common.infrastructure.service import Service
from settings import Reader, SettingsError
from stages.services import SERVICES


@dataclass(frozen=True)
class ApplicationOptions:
    """The options of every service."""

    _by_service: Mapping[str, Any]

    def of[Options](self, service: Service[Options]) -> Options:
        """The options of one service of the application."""
        return cast("Options", self._by_service[service.name])

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """From `application` of the settings; what is absent there has its service's default.

        Raises:
            SettingsError: something is unknown or wrong; all of it is listed.
        """
        reader = Reader(values, "tap.application")
        options = cls({s.name: s.read_options(reader.section(s.name, {})) for s in SERVICES})
        reader.finish()
        if reader.problems:
            raise SettingsError(reader.problems)
        return options
