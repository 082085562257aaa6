# SPDX-License-Identifier: Apache-2.0
"""What a Kubernetes API answers when it does not do what was asked."""

from __future__ import annotations

from typing import Any

import orjson


class ApiError(Exception):
    """A Status of kind Failure. `code` is the HTTP status, `reason` the API's word for it (`Conflict`, `Expired`)."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{message} ({reason or code})")
        self.code = code
        self.reason = reason
        self.message = message

    @property
    def not_found(self) -> bool:
        """The object (or the kind) is not there."""
        return self.code == 404

    @property
    def conflict(self) -> bool:
        """Somebody else has changed the object since it was read."""
        return self.code == 409 and self.reason != "AlreadyExists"

    @property
    def expired(self) -> bool:
        """The resourceVersion is too old to go on from: list again."""
        return self.code == 410

    @property
    def namespace_ending(self) -> bool:
        """Nothing new may be created, because the namespace is being deleted."""
        return self.code == 403 and "is being terminated" in self.message

    @classmethod
    def from_response(cls, code: int, body: bytes) -> ApiError:
        """From an HTTP status and a body that should be a Status, but may be a proxy's page."""
        try:
            status = orjson.loads(body)
        except orjson.JSONDecodeError:
            status = None
        if isinstance(status, dict) and status.get("kind") == "Status":
            return cls.from_status(status, code)
        return cls(code, "", body[:300].decode(errors="replace") or f"HTTP status {code}")

    @classmethod
    def from_status(cls, status: dict[str, Any], code: int = 0) -> ApiError:
        """From a Status object, as it also comes in a watch's ERROR event."""
        return cls(status.get("code") or code, status.get("reason", ""), status.get("message", ""))


class UnreachableError(Exception):
    """The API cannot be reached, or the configuration does not say where it is; the message names the fix."""
