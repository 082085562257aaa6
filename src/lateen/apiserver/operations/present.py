# SPDX-License-Identifier: Apache-2.0
"""The forms an object can be asked for in: as itself, as a row of a Table, or its metadata only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import yaml

from lateen.apiserver.operations.call import Reply
from lateen.apiserver.registry.kind import Document, Kind
from lateen.apiserver.status import not_acceptable
from lateen.apiserver.store.revision import Stored
from lateen.apiserver.tables import pods

_ACCEPTED = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
OBJECT, TABLE, METADATA, METADATA_LIST = "object", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"


def negotiate(accept: str) -> tuple[str, str, str]:
    """What an `Accept` header wants: the form, the version of `meta.k8s.io` for it, and `json` or `yaml`.

    Raises ApiError (406) when nothing that is wanted can be given.
    """
    if not accept or accept == "application/json":
        return OBJECT, "", "json"
    for part in accept.split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        given = dict(p.partition("=")[::2] for p in parameters)
        if media in ("*/*", "application/*", "application/json", "application/yaml", "text/yaml"):
            encoding = "yaml" if media.endswith("yaml") else "json"
            wanted = given.get("as", "")
            if not wanted:
                return OBJECT, "", encoding
            if wanted in (TABLE, METADATA, METADATA_LIST) and given.get("g") == "meta.k8s.io":
                return wanted, given.get("v", "v1"), encoding
    raise not_acceptable(_ACCEPTED)


def prefix(kind: Kind, version: str) -> bytes:
    """The beginning of an object's JSON, to be followed by its stored body without the opening brace."""
    return b'{"kind":%s,"apiVersion":%s,' % (orjson.dumps(kind.kind), orjson.dumps(kind.api_version(version)))


def whole(kind: Kind, version: str, stored: Stored) -> bytes:
    return prefix(kind, version) + stored.body[1:]


def list_of(kind: Kind, version: str, items: Iterable[Stored], metadata: dict[str, Any]) -> bytes:
    """A list of objects; the items of custom resources carry their type, others do not."""
    head = b'{"kind":%s,"apiVersion":%s,"metadata":%s,"items":[' % (
        orjson.dumps(kind.list_name),
        orjson.dumps(kind.api_version(version)),
        orjson.dumps(metadata),
    )
    if kind.custom:
        start = prefix(kind, version)
        return head + b",".join([start + item.body[1:] for item in items]) + b"]}"
    return head + b",".join([item.body for item in items]) + b"]}"


def partial(document: Document, meta_version: str) -> dict[str, Any]:
    return {
        "kind": METADATA,
        "apiVersion": f"meta.k8s.io/{meta_version}",
        "metadata": document["metadata"],
    }


class TableForm:
    """The Table form of one kind in one version."""

    def __init__(self, kind: Kind, version: str, meta_version: str, include: str, now: datetime) -> None:
        self._kind, self._version, self._meta = kind, version, meta_version
        self._include = include or "Metadata"
        self._now = now
        self._table = kind.table(version)

    def definitions(self) -> list[dict[str, Any]]:
        return [
            {"name": c.name, "type": c.type, "format": c.format, "description": c.description, "priority": c.priority}
            for c in self._table.columns
        ]

    def row(self, stored: Stored) -> dict[str, Any]:
        document = stored.document()
        row: dict[str, Any] = {"cells": self._table.cells(document, self._now)}
        if self._kind.resource == "pods":
            conditions = pods.finished(document)
            if conditions:
                row["conditions"] = conditions
        if self._include == "Object":
            row["object"] = orjson.Fragment(whole(self._kind, self._version, stored))
        elif self._include == "Metadata":
            row["object"] = partial(document, self._meta)
        else:
            row["object"] = None
        return row

    def table(self, rows: Iterable[Stored], metadata: dict[str, Any], *, columns: bool = True) -> dict[str, Any]:
        return {
            "kind": TABLE,
            "apiVersion": f"meta.k8s.io/{self._meta}",
            "metadata": metadata,
            "columnDefinitions": self.definitions() if columns else None,
            "rows": [self.row(stored) for stored in rows],
        }


def partial_list(kind: Kind, items: Iterable[Stored], meta_version: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": METADATA_LIST,
        "apiVersion": f"meta.k8s.io/{meta_version}",
        "metadata": metadata,
        "items": [partial(item.document(), meta_version) for item in items],
    }


def encoded(reply: Reply, encoding: str) -> Reply:
    """A JSON reply as YAML, when that is what was asked for."""
    if encoding == "yaml":
        reply.body = yaml.dump(orjson.loads(reply.body), Dumper=yaml.CSafeDumper, sort_keys=True).encode()
        reply.content_type = "application/yaml"
    return reply
