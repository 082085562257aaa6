# SPDX-License-Identifier: Apache-2.0
"""The discovery messages as bytes: requests are read, responses are put together from pieces that were serialised once.

A serialised protobuf message may be cut into pieces at the borders of its fields, and pieces put together are the
merged message. So each resource is framed once (`fragment`), however many streams and responses carry it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from lateen.envoy.blob import Blob

_SHORT = 200
"""Bytes; acknowledgements are shorter."""


class Request(NamedTuple):
    """A DeltaDiscoveryRequest: what the session needs of it."""

    type_url: str
    nonce: str = ""
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    claims: Mapping[str, str] = {}
    """Name -> version of what the client still holds from an earlier stream (`initial_resource_versions`)."""
    error: str | None = None
    """Why the response called `nonce` was refused; None when it was taken."""


class MalformedRequestError(ValueError):
    """The bytes are no discovery request."""


def read_request(data: bytes) -> Request:
    """Raises MalformedRequestError.

    Streams that were sent the same response acknowledge it with the same bytes, which are read once.
    """
    return _read_short(data) if len(data) <= _SHORT else _read(data)


def _read(data: bytes) -> Request:
    message = _parse(data)
    return Request(
        message.type_url,
        message.response_nonce,
        tuple(message.resource_names_subscribe),
        tuple(message.resource_names_unsubscribe),
        dict(message.initial_resource_versions),
        (message.error_detail.message or "no reason given") if message.HasField("error_detail") else None,
    )


_read_short = lru_cache(maxsize=64)(_read)


def read_node(data: bytes) -> Any:
    """The `envoy.config.core.v3.Node` of a request, empty if it has none. Raises MalformedRequestError."""
    return _parse(data).node


def _parse(data: bytes) -> Any:
    try:
        return DeltaDiscoveryRequest.FromString(data)
    except DecodeError as problem:
        raise MalformedRequestError(str(problem)) from problem


def fragment(blob: Blob) -> bytes:
    """`blob` as an entry of `DeltaDiscoveryResponse.resources`; kept in the blob."""
    if blob.wire is None:
        resource = Resource(
            name=blob.name, version=blob.version, resource=AnyMessage(type_url=blob.type_url, value=blob.body)
        )
        blob.wire = DeltaDiscoveryResponse(resources=[resource]).SerializeToString(deterministic=True)
    return blob.wire


def frame(type_url: str, nonce: str, removed: Iterable[str]) -> bytes:
    """The rest of a DeltaDiscoveryResponse: everything but its resources."""
    rest = DeltaDiscoveryResponse(type_url=type_url, nonce=nonce, removed_resources=removed)
    data: bytes = rest.SerializeToString(deterministic=True)
    return data
