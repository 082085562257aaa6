# SPDX-License-Identifier: Apache-2.0
"""Changes to request and response headers (Headers of a route or of a destination)."""

from __future__ import annotations

from typing import Any, NamedTuple

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption

from lateen.model.networking.destination import HeaderOperations, Headers


class HeaderMutation(NamedTuple):
    """The changes in Envoy's form. `authority` is the new Host header, empty to keep it: Envoy rewrites the host by a
    field of the route action and refuses to do it by header operations."""

    request_add: tuple[HeaderValueOption, ...] = ()
    request_remove: tuple[str, ...] = ()
    response_add: tuple[HeaderValueOption, ...] = ()
    response_remove: tuple[str, ...] = ()
    authority: str = ""

    def apply(self, message: Any) -> None:
        """Add the changes to a Route or ClusterWeight, after those it has."""
        message.request_headers_to_add.extend(self.request_add)
        message.request_headers_to_remove.extend(self.request_remove)
        message.response_headers_to_add.extend(self.response_add)
        message.response_headers_to_remove.extend(self.response_remove)


def header_mutation(headers: Headers | None) -> HeaderMutation:
    """What `headers` asks for. Operations on pseudo headers and Host are left out, but for the new authority."""
    if headers is None:
        return HeaderMutation()
    request, response = headers.request, headers.response
    return HeaderMutation(
        _additions(request), _removals(request), _additions(response), _removals(response), _authority(request)
    )


def _additions(operations: HeaderOperations | None) -> tuple[HeaderValueOption, ...]:
    if operations is None:
        return ()
    overwrite, append = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD, HeaderValueOption.APPEND_IF_EXISTS_OR_ADD
    return tuple(
        HeaderValueOption(header=HeaderValue(key=key, value=value), append_action=action)
        for values, action in ((operations.set, overwrite), (operations.add, append))
        for key, value in sorted(values.items())
        if not _is_internal(key)
    )


def _removals(operations: HeaderOperations | None) -> tuple[str, ...]:
    return tuple(key for key in operations.remove if not _is_internal(key)) if operations is not None else ()


def _authority(operations: HeaderOperations | None) -> str:
    if operations is None:
        return ""
    for values in (operations.set, operations.add):
        for key, value in sorted(values.items()):
            if key.lower() in (":authority", "host") and value:
                return value
    return ""


def _is_internal(header: str) -> bool:
    return header.startswith(":") or header.lower() == "host"
