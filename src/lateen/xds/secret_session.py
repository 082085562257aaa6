# SPDX-License-Identifier: Apache-2.0
"""One stream of the SecretDiscoveryService, without I/O: its delta variant and the state-of-the-world one.

Istio's configuration asks for workload certificates from the cluster `sds-grpc` with `api_type: GRPC`, one stream for
each secret, and that is the state-of-the-world variant.
"""

from __future__ import annotations

from itertools import count
from typing import Any, NamedTuple, Protocol

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError

from lateen.envoy.blob import SECRET, Blob
from lateen.xds.batch import Composer, Response
from lateen.xds.refusal import Rejection
from lateen.xds.secret_subscription import SecretLookup, SecretSubscription
from lateen.xds.wire import MalformedRequestError, read_request


class SecretStreamState(NamedTuple):
    """What `lateen status` says about a stream of secrets."""

    rejections: tuple[Rejection, ...]
    missing: tuple[str, ...]


class SecretSession(Protocol):
    """What both variants have in common."""

    def receive(self, data: bytes) -> list[Rejection]:
        """A request of the client; returns what it refused. Raises MalformedRequestError."""

    def secrets_changed(self) -> None:
        """Some secret may be another one than it was."""

    @property
    def restless(self) -> bool:
        """Whether `next_response` may have something."""

    def next_response(self) -> Response | None:
        """The next response to write, or None until there is another event. It counts as sent."""

    def state(self) -> SecretStreamState: ...


class DeltaSecretSession:
    """The delta variant."""

    def __init__(self, composer: Composer, lookup: SecretLookup) -> None:
        self._composer = composer
        self._secrets = SecretSubscription(composer, lookup)

    def receive(self, data: bytes) -> list[Rejection]:
        request = read_request(data)
        rejections: list[Rejection] = []
        if request.error is not None:
            rejections = self._secrets.refuse(request.nonce, request.error, _no_origin)
        elif request.nonce:
            self._secrets.acknowledge(request.nonce)
        if self._secrets.asked:
            self._secrets.unsubscribe(request.unsubscribe)
            if request.subscribe:
                self._secrets.subscribe(request.subscribe)
        elif request.subscribe:
            self._secrets.asked = True
            self._secrets.open_named(request.subscribe, request.claims)
        return rejections

    def secrets_changed(self) -> None:
        self._secrets.stale = True

    @property
    def restless(self) -> bool:
        return True

    def next_response(self) -> Response | None:
        batch = self._secrets.due_secret()
        return None if batch is None else self._composer.response(batch)

    def state(self) -> SecretStreamState:
        return SecretStreamState(tuple(self._secrets.rejected.values()), tuple(self._secrets.missing()))


class StateSecretSession:
    """The state-of-the-world variant: each response has every secret that was asked for and exists."""

    def __init__(self, lookup: SecretLookup) -> None:
        self._lookup = lookup
        self._names: tuple[str, ...] = ()
        self._held = ""
        """The version that the client was sent last, or says it holds."""
        self._nonces = count(1)
        self._nonce = ""
        self._sent: tuple[Blob, ...] = ()
        self._missing: tuple[str, ...] = ()
        self._rejections: tuple[Rejection, ...] = ()
        self._stale = False

    def receive(self, data: bytes) -> list[Rejection]:
        request = _read(data)
        if request.response_nonce != self._nonce:
            return []
        rejections: list[Rejection] = []
        if request.HasField("error_detail"):
            reason = request.error_detail.message or "no reason given"
            rejections = [Rejection(SECRET, blob.name, blob.version, reason, None) for blob in self._sent]
        if request.response_nonce:
            self._rejections = tuple(rejections)
        names = tuple(dict.fromkeys(request.resource_names))
        if names != self._names:
            self._held = request.version_info if not self._names else ""
            self._names = names
            self._stale = True
        return rejections

    def secrets_changed(self) -> None:
        self._stale = True

    @property
    def restless(self) -> bool:
        return self._stale

    def next_response(self) -> Response | None:
        if not self._stale:
            return None
        self._stale = False
        found = tuple(blob for name in self._names if (blob := self._lookup(name)) is not None)
        self._missing = tuple(name for name in self._names if all(blob.name != name for blob in found))
        version = "-".join(blob.version for blob in found)
        if not found or version == self._held:
            return None
        self._held, self._sent, self._nonce = version, found, format(next(self._nonces), "x")
        response = DiscoveryResponse(
            type_url=SECRET,
            version_info=version,
            nonce=self._nonce,
            resources=[AnyMessage(type_url=SECRET, value=blob.body) for blob in found],
        )
        body: bytes = response.SerializeToString(deterministic=True)
        return Response(len(body), lambda: body)

    def state(self) -> SecretStreamState:
        return SecretStreamState(self._rejections, self._missing)


def read_state_node(data: bytes) -> Any:
    """The `envoy.config.core.v3.Node` of a state-of-the-world request. Raises MalformedRequestError."""
    return _read(data).node


def _read(data: bytes) -> Any:
    try:
        return DiscoveryRequest.FromString(data)
    except DecodeError as problem:
        raise MalformedRequestError(str(problem)) from problem


def _no_origin(type_url: str, name: str) -> str | None:
    return None
