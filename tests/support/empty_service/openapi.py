"""The empty service's API as an OpenAPI 3.1 document."""

from __future__ import annotations

from services.common.packaging import openapi
from services.common.packaging.openapi import Json


def document() -> Json:
    """The whole document, as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Empty API", "version": "1.0.0"},
        "servers": openapi.servers("EmptyApiUrl"),
        "security": [{"iam": []}],
        "paths": {"/": {"get": {"responses": {"200": {"description": "It is up."}}}}},
        "components": {"securitySchemes": {"iam": openapi.signed_calls()}},
    }
