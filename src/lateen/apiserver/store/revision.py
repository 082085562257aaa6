# SPDX-License-Identifier: Apache-2.0
"""`Stored`, an object as bytes, and `Revision`, one change of one object."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson


class Key(NamedTuple):
    """`resource` is the plural with its group (`pods`, `deployments.apps`); `namespace` is empty for cluster scope."""

    resource: str
    namespace: str
    name: str


class Stored:
    """One object at one resource version. `body` is its JSON without `apiVersion` and `kind`, which depend on the
    request.
    """

    __slots__ = ("_labels", "body", "key", "version")

    def __init__(self, key: Key, version: int, body: bytes) -> None:
        self.key = key
        self.version = version
        self.body = body
        self._labels: dict[str, str] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The labels, parsed once: selectors ask for them again and again."""
        if self._labels is None:
            self._labels = self.document()["metadata"].get("labels") or {}
        return self._labels

    def document(self) -> dict[str, Any]:
        """The object parsed anew; the caller may change it."""
        document: dict[str, Any] = orjson.loads(self.body)
        return document


ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class Revision:
    """One write: `version` is its resource version, `stored` the object after it (for DELETED: as it was, with the
    version of the deletion), `before` the object before it.

    `frames` keeps what watchers were sent, so that an event is serialised once for all who ask for the same form.
    """

    __slots__ = ("before", "frames", "stored", "type", "version")

    def __init__(self, version: int, type_: str, stored: Stored, before: Stored | None) -> None:
        self.version = version
        self.type = type_
        self.stored = stored
        self.before = before
        self.frames: dict[object, bytes | None] = {}

    @property
    def key(self) -> Key:
        return self.stored.key
