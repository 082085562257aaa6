# SPDX-License-Identifier: Apache-2.0
"""The HTTP request as routes see it: after the connection manager has normalised its path and authority."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property

from lateen.explain.decision import DownstreamTls
from lateen.explain.request import Request


class HttpView:
    """Headers (pseudo headers included), path and query of one request, with what else routes can ask about.

    `headers` as `request_headers` makes them.
    `forwarded_proto` is the scheme that counts for redirects to TLS, `scheme` the one in the request. `path` is None
    for a CONNECT request without one.
    """

    def __init__(
        self,
        request: Request,
        *,
        method: str,
        scheme: str,
        forwarded_proto: str,
        authority: str,
        path: str | None,
        headers: dict[str, list[str]],
        tls: DownstreamTls,
        internal: bool = False,
    ) -> None:
        self.request = request
        self.method = method
        self.scheme = scheme
        self.forwarded_proto = forwarded_proto
        self.authority = authority
        self.path = path
        self.tls = tls
        self.internal = internal
        self._headers = dict(headers)
        self._headers["x-forwarded-proto"] = [forwarded_proto]
        self._headers[":method"] = [method]
        self._headers[":scheme"] = [scheme]
        self._headers[":authority"] = self._headers["host"] = [authority]
        if path is not None:
            self._headers[":path"] = [path]

    def having(self, headers: Mapping[str, list[str]]) -> HttpView:
        """The same request with these headers (names in lower case, pseudo headers included) changed; [] = removed."""
        changed = copy(self)
        changed._headers = {name: values for name, values in (self._headers | dict(headers)).items() if values}
        return changed

    def values(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return self._headers.get(name.lower(), [])

    def header(self, name: str) -> str | None:
        """All values of a header as one text, or None if there is no such header."""
        values = self.values(name)
        return ",".join(values) if values else None

    @cached_property
    def path_only(self) -> str:
        """The path without query and fragment."""
        return without_query(self.path or "")

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The first value of each query parameter, not decoded."""
        _, mark, text = (self.path or "").partition("?")
        first: dict[str, str] = {}
        if mark:
            for part in text.split("&"):
                name, _, value = part.partition("=")
                first.setdefault(name, value)
        return first

    @property
    def is_grpc(self) -> bool:
        """Whether the content type is gRPC's (and not gRPC-Web's)."""
        kind = self.header("content-type") or ""
        return self.path is not None and (kind == "application/grpc" or kind.startswith("application/grpc+"))


def without_query(path: str) -> str:
    """`path` up to the first `?` or `#`."""
    for i, c in enumerate(path):
        if c in "?#":
            return path[:i]
    return path
