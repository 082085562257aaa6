# SPDX-License-Identifier: Apache-2.0
"""`XdsServer`: sessions on gRPC. It keeps the open streams, hands them snapshots and secrets, and knows their state."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import grpc

from lateen.envoy.snapshot import Snapshot
from lateen.model.diagnostic import Diagnostic
from lateen.xds import status_service
from lateen.xds.batch import Composer
from lateen.xds.directory import Admission, ProxyDirectory, ProxyKey, Secrets, admit_as_stated
from lateen.xds.listen_address import ListenAddress, parse_listen_address
from lateen.xds.node_identity import NodeIdentity, parse_node
from lateen.xds.secret_session import (
    DeltaSecretSession,
    SecretSession,
    SecretStreamState,
    StateSecretSession,
    read_state_node,
)
from lateen.xds.secret_subscription import SecretLookup
from lateen.xds.session import Doubts, Session
from lateen.xds.status import Status
from lateen.xds.stream import Context, Stream
from lateen.xds.wire import MalformedRequestError, read_node, read_request
from lateen.xds.write_budget import WriteBudget

_log = logging.getLogger(__name__)

_ADS = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_SDS = "envoy.service.secret.v3.SecretDiscoveryService"

_RECEIVE_LIMIT = 256 << 20
"""Bytes. A reconnecting Envoy lists all that it holds in one request: 36,000 virtual hosts exceed gRPC's 4 MiB."""

_REMEMBERED_DOUBTS = 10_000
"""Proxies that went away with something unacknowledged, whose doubts are kept for their next stream."""

_OPTIONS = (
    ("grpc.max_receive_message_length", _RECEIVE_LIMIT),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
)


class ListenError(OSError):
    """The address cannot be listened on."""


class ProxyStatus(NamedTuple):
    """One open aggregated stream and what can be said about it."""

    key: ProxyKey
    node: NodeIdentity
    status: Status


class _Proxy:
    """An open aggregated stream."""

    def __init__(self, key: ProxyKey, node: NodeIdentity, session: Session, stream: Stream) -> None:
        self.key = key
        self.node = node
        self.session = session
        self.stream = stream


class _SecretStream:
    """An open stream of secrets."""

    def __init__(self, node: NodeIdentity, session: SecretSession, stream: Stream) -> None:
        self.node = node
        self.session = session
        self.stream = stream


class XdsServer:
    """Serves the aggregated discovery service (delta) and, to peers of this machine only, secrets.

    All of it runs in the asyncio loop that `listen` was called in; `publish` and `secrets_changed` belong there too.
    """

    def __init__(self, directory: ProxyDirectory, secrets: Secrets | None = None) -> None:
        self._directory = directory
        self._secrets = secrets
        self._composer = Composer()
        self._budget = WriteBudget()
        self._servers: dict[str, grpc.aio.Server] = {}
        self._proxies: dict[ProxyKey, list[_Proxy]] = {}
        self._secret_streams: list[_SecretStream] = []
        self._doubts: dict[ProxyKey, Doubts] = {}

    # Listening

    async def listen(self, address: str, admit: Admission = admit_as_stated) -> str:
        """Serve on `address` (`HOST:PORT`, port 0 for any, or `unix:PATH`) and return it with the port that was bound.

        Every address has its own `admit`, which says who may be on the other end: a socket that one pod alone can reach
        identifies the pod. Raises ListenError.
        """
        try:
            parsed = parse_listen_address(address)
        except ValueError as problem:
            raise ListenError(str(problem)) from problem
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers(self._handlers(admit, local=parsed.local))
        mask = os.umask(0o177)  # a socket is for its owner alone from the first moment
        try:
            port = server.add_insecure_port(str(parsed))
        except RuntimeError as problem:
            raise ListenError(f"cannot listen on {address}: {problem}") from problem
        finally:
            os.umask(mask)
        await server.start()
        bound = str(parsed if parsed.path else ListenAddress(host=parsed.host, port=port))
        self._servers[bound] = server
        return bound

    async def unlisten(self, bound: str, grace: float | None = None) -> None:
        """Stop serving on an address that `listen` returned; its streams end after at most `grace` seconds."""
        await self._servers.pop(bound).stop(grace)

    async def stop(self, grace: float | None = None) -> None:
        """Stop serving everywhere."""
        for bound in list(self._servers):
            await self.unlisten(bound, grace)

    def _handlers(self, admit: Admission, *, local: bool) -> list[grpc.GenericRpcHandler[bytes, bytes]]:
        ads = {
            "DeltaAggregatedResources": self._delta_ads,
            "StreamAggregatedResources": _refuse_state_of_the_world,
        }
        sds = {
            "DeltaSecrets": self._delta_secrets if local else _refuse_secrets,
            "StreamSecrets": self._state_secrets if local else _refuse_secrets,
        }
        services: dict[str, Mapping[str, Callable[..., Awaitable[None]]]] = {_ADS: ads, _SDS: sds}
        handlers = [
            grpc.method_handlers_generic_handler(
                service,
                {
                    name: grpc.stream_stream_rpc_method_handler(_method(behaviour, admit, local))
                    for name, behaviour in methods.items()
                },
            )
            for service, methods in services.items()
        ]
        if local:
            fetch = grpc.unary_unary_rpc_method_handler(self._client_status)
            handlers.append(grpc.method_handlers_generic_handler(status_service.SERVICE, {status_service.FETCH: fetch}))
        return handlers

    # Events

    def publish(self, snapshots: Mapping[ProxyKey, Snapshot]) -> None:
        """These proxies should hold these snapshots from now on. Proxies that are not connected are passed over."""
        for key, snapshot in snapshots.items():
            for proxy in self._proxies.get(key, ()):
                proxy.session.publish(snapshot)
                proxy.stream.wake()

    def secrets_changed(self) -> None:
        """Secrets were added, changed or removed: every stream that has asked for some looks its own up again."""
        for proxies in self._proxies.values():
            for proxy in proxies:
                proxy.session.secrets_changed()
                proxy.stream.wake()
        for stream in self._secret_streams:
            stream.session.secrets_changed()
            stream.stream.wake()

    # State

    def statuses(self) -> list[ProxyStatus]:
        """Every open aggregated stream; what its proxy's streams of secrets wait for or refused is part of it."""
        secrets: dict[str, list[SecretStreamState]] = {}
        for stream in self._secret_streams:
            secrets.setdefault(stream.node.id, []).append(stream.session.state())
        found = []
        for proxies in self._proxies.values():
            for proxy in proxies:
                status = proxy.session.status()
                for state in secrets.get(proxy.node.id, ()):
                    status = status.with_secrets(state.rejections, state.missing)
                found.append(ProxyStatus(proxy.key, proxy.node, status))
        return found

    async def _client_status(self, request: bytes, context: Context) -> bytes:
        return status_service.client_status(self.statuses())

    # Streams

    async def _delta_ads(self, context: Context, admit: Admission, local: bool) -> None:
        first, node = await _introduction(context, admit, read_node)
        key = self._directory.connect(node)
        if isinstance(key, Diagnostic):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, key.message)
        try:
            await self._serve_proxy(context, first, node, key, local)
        finally:
            self._directory.disconnect(key)

    async def _serve_proxy(
        self, context: Context, first: bytes, node: NodeIdentity, key: ProxyKey, local: bool
    ) -> None:
        lookup = self._lookup(node) if local else None
        doubts = self._doubts.pop(key, None)
        session = Session(self._composer, partial(self._directory.origin, key), lookup, doubts)
        stream = Stream(session, context, self._budget)
        proxy = _Proxy(key, node, session, stream)
        self._proxies.setdefault(key, []).append(proxy)
        try:
            snapshot = self._directory.snapshot(key)
            if snapshot is not None:
                session.publish(snapshot)
            await stream.run(first, lambda data: session.receive(read_request(data)), node.id, session.ready)
        finally:
            remaining = self._proxies[key]
            remaining.remove(proxy)
            if not remaining:
                del self._proxies[key]
            if left := session.doubts():
                self._doubts[key] = left
                if len(self._doubts) > _REMEMBERED_DOUBTS:
                    del self._doubts[next(iter(self._doubts))]

    async def _delta_secrets(self, context: Context, admit: Admission, local: bool) -> None:
        await self._serve_secrets(context, admit, read_node, lambda lookup: DeltaSecretSession(self._composer, lookup))

    async def _state_secrets(self, context: Context, admit: Admission, local: bool) -> None:
        await self._serve_secrets(context, admit, read_state_node, StateSecretSession)

    async def _serve_secrets(
        self,
        context: Context,
        admit: Admission,
        node_of: Callable[[bytes], Any],
        make: Callable[[SecretLookup], SecretSession],
    ) -> None:
        first, node = await _introduction(context, admit, node_of)
        lookup = self._lookup(node)
        if lookup is None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this server has no secrets")
        session = make(lookup)
        stream = _SecretStream(node, session, Stream(session, context, self._budget))
        self._secret_streams.append(stream)
        try:
            await stream.stream.run(first, session.receive, node.id)
        finally:
            self._secret_streams.remove(stream)

    def _lookup(self, node: NodeIdentity) -> SecretLookup | None:
        return partial(self._secrets.secret, node) if self._secrets is not None else None


def _method(
    behaviour: Callable[..., Awaitable[None]], admit: Admission, local: bool
) -> Callable[[object, Context], Awaitable[None]]:
    async def handle(requests: object, context: Context) -> None:
        await behaviour(context, admit, local)

    return handle


async def _introduction(
    context: Context, admit: Admission, node_of: Callable[[bytes], Any]
) -> tuple[bytes, NodeIdentity]:
    """The first request and who sent it; ends the stream when that is nobody."""
    first = await context.read()
    if not isinstance(first, bytes):
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the stream ended before its first request")
    try:
        node = node_of(first)
    except MalformedRequestError as problem:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"not a discovery request: {problem}")
    stated = parse_node(node)
    admitted = stated if isinstance(stated, Diagnostic) else admit(stated)
    if isinstance(stated, Diagnostic):
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, stated.message)
    if isinstance(admitted, Diagnostic):
        _log.warning("%s was turned away: %s", stated.id, admitted.message)
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, admitted.message)
    return first, admitted


async def _refuse_state_of_the_world(context: Context, admit: Admission, local: bool) -> None:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED,
        "this server speaks the incremental variant of ADS only: set api_type: DELTA_GRPC in ads_config",
    )


async def _refuse_secrets(context: Context, admit: Admission, local: bool) -> None:
    await context.abort(
        grpc.StatusCode.PERMISSION_DENIED,
        "secrets are served to peers of this machine only: over a Unix socket or loopback",
    )
