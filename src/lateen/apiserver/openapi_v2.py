# SPDX-License-Identifier: Apache-2.0
"""OpenAPI v2 at `/openapi/v2`: the types of every kind as JSON, and the document's head as protobuf.

Clients that ask for protobuf are kubectl and client-go, which have known v3 since 1.27 and look here for nothing but a
document they can read; those that ask for JSON are generators of code and editors.
"""

from __future__ import annotations

import orjson

from lateen.apiserver import openapi
from lateen.apiserver.registry.catalogue import Catalogue

PROTOBUF = (
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
)
"""The media type of the protobuf form, and the name it had first."""
_TITLE = "Kubernetes"


def document(catalogue: Catalogue, version: str) -> bytes:
    """The JSON document; `version` is the server's."""
    definitions: dict[str, object] = {}
    for group, versions in catalogue.groups().items():
        for each in versions:
            definitions.update(openapi.types(catalogue, group, each))
    shown = {"swagger": "2.0", "info": {"title": _TITLE, "version": version}, "paths": {}, "definitions": definitions}
    return orjson.dumps(shown).replace(b'"#/components/schemas/', b'"#/definitions/')


def protobuf(version: str) -> bytes:
    """The fields `swagger` (1) and `info` (2: `title` 1, `version` 2) of gnostic's `openapi.v2.Document`."""
    return _text(1, b"2.0") + _text(2, _text(1, _TITLE.encode()) + _text(2, version.encode()))


def _text(number: int, value: bytes) -> bytes:
    """A field of less than 128 bytes."""
    return bytes((number << 3 | 2, len(value))) + value
