# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: from a request to the operation that answers it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from lateen.apiserver.auth.authenticate import Authenticator
from lateen.apiserver.auth.authorize import Act, Authorizer
from lateen.apiserver.auth.impersonate import impersonated
from lateen.apiserver.auth.reviews import RESOURCES, Reviews
from lateen.apiserver.auth.service_accounts import ServiceAccountTokens
from lateen.apiserver.auth.token_requests import issue
from lateen.apiserver.http import paths
from lateen.apiserver.http.documents import OPEN_PATHS, Documents
from lateen.apiserver.http.exchange import Exchange, Receive, Scope, Send
from lateen.apiserver.http.limits import Limits
from lateen.apiserver.http.watch_stream import WatchStreams
from lateen.apiserver.operations import create, finalize, patching, pod_actions, read, remove, scale, update
from lateen.apiserver.operations.call import Call, Reply, User
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Kind
from lateen.apiserver.status import ApiError, NoSuchPathError, bad_request, internal, method_not_allowed, unauthorized
from lateen.apiserver.streams.exec import execute
from lateen.apiserver.streams.logs import logs
from lateen.apiserver.streams.pod_streams import PodStreams
from lateen.apiserver.streams.port_forward import port_forward
from lateen.apiserver.streams.socket import WebSocket
from lateen.apiserver.streams.target import STREAMS, container_of, pod_of

log = logging.getLogger(__name__)

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_UPGRADES = frozenset(("pods/exec", "pods/attach", "pods/portforward"))
_ACTIONS: dict[str, Callable[[Cluster, Call], Awaitable[Reply]]] = {
    "binding": pod_actions.bind,
    "eviction": pod_actions.evict,
    "finalize": finalize.finalize,
    "scale": scale.scale,
}
"""Subresources that are no view of the object itself."""


class Application:
    """`version` and `address` are those of `Documents`; `streams` is who runs the pods, if anybody does."""

    def __init__(
        self,
        cluster: Cluster,
        authenticator: Authenticator,
        authorizer: Authorizer,
        tokens: ServiceAccountTokens,
        version: dict[str, str],
        address: Callable[[], str],
        streams: PodStreams | None,
    ) -> None:
        self.cluster = cluster
        self.watches = WatchStreams()
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._tokens = tokens
        self._reviews = Reviews(authenticator, authorizer)
        self._limits = Limits()
        self._documents = Documents(cluster.catalogue, version, address)
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        try:
            if scope["type"] == "websocket":
                await self._stream(exchange)
            else:
                await self._answer(exchange)
        except ApiError as error:
            if not exchange.started:
                await self._refuse(exchange, error)
        except RecursionError:
            if not exchange.started:
                await self._refuse(exchange, bad_request("the object is nested too deeply"))
        except Exception as error:
            log.exception("%s %s", exchange.method, exchange.path)
            if not exchange.started:
                await self._refuse(exchange, internal(f"{type(error).__name__}: {error}"))

    async def _refuse(self, exchange: Exchange, error: ApiError) -> None:
        if exchange.scope["type"] == "websocket":
            await WebSocket(exchange).refuse(error)
        else:
            await exchange.fail(error)

    def _user(self, exchange: Exchange) -> User:
        """Who asks, or whom they may act as. Raises ApiError (401, 403)."""
        user = self._authenticator.user(exchange.header(b"authorization"))
        if user is None:
            raise unauthorized()
        return impersonated(self._authorizer, user, exchange)

    def _call(self, exchange: Exchange, verb: str, kind: Kind, place: paths.ResourcePath, user: User) -> Call:
        return Call(
            verb,
            kind,
            place.version,
            place.namespace,
            place.name,
            place.subresource,
            exchange.query,
            user,
            exchange.header(b"accept"),
            exchange.header(b"content-type"),
            exchange.header(b"user-agent"),
        )

    async def _stream(self, exchange: Exchange) -> None:
        """A WebSocket: exec, attach or port-forward."""
        user = self._user(exchange)
        place = paths.parse(exchange.path)
        if place is None or place.plural != "pods" or place.subresource not in STREAMS:
            raise NoSuchPathError
        kind = self.cluster.catalogue.find(place.group, place.version, "pods")
        if kind is None:
            raise NoSuchPathError
        resource = f"pods/{place.subresource}"
        self._authorizer.check(user, Act("get", "", resource, place.name, place.namespace))
        call = self._call(exchange, "get", kind, place, user)
        with self._limits.watch((user.name, exchange.client)):
            await self._open_stream(exchange, call, WebSocket(exchange))

    async def _open_stream(self, exchange: Exchange, call: Call, socket: WebSocket) -> None:
        if call.subresource == "portforward":
            ports = [int(text) for text in exchange.repeated("ports") if text.isdecimal()]
            await port_forward(self.cluster, self._streams, call, ports, socket)
        else:
            await execute(self.cluster, self._streams, call, exchange.repeated("command"), socket)

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.path.rstrip("/") or "/"
        if path in OPEN_PATHS:
            await exchange.reply(self._documents.open(path))
            return
        user = self._user(exchange)
        place = paths.parse(path)
        if place is None:
            self._authorizer.check(user, Act(exchange.method.lower(), path=path))
            await exchange.reply(self._documents.answer(path, exchange))
            return
        kind = self.cluster.catalogue.find(place.group, place.version, place.plural)
        if kind is None:
            raise NoSuchPathError()
        await self._resource(exchange, kind, place, user)

    async def _resource(self, exchange: Exchange, kind: Kind, place: paths.ResourcePath, user: User) -> None:
        verb = _verb(exchange, place)
        call = self._call(exchange, verb, kind, place, user)
        warning = kind.warnings.get(place.version)
        if warning:
            call.warnings.append(warning)
        try:
            await self._permitted(exchange, call, place)
        except ApiError as error:
            error.headers = (*error.headers, *_warnings(call))
            raise

    async def _permitted(self, exchange: Exchange, call: Call, place: paths.ResourcePath) -> None:
        """Answer a call if its user may make it. Raises ApiError."""
        user, verb = call.user, call.verb
        resource = f"{place.plural}/{place.subresource}" if place.subresource else place.plural
        self._authorizer.check(user, Act(verb, place.group, resource, place.name, place.namespace))
        client = (user.name, exchange.client)
        if verb == "watch":
            with self._limits.watch(client):
                await self.watches.serve(self.cluster, call, exchange)
            return
        if resource == "pods/log" and verb == "get":
            with self._limits.watch(client):
                await logs(self.cluster, self._streams, call, exchange)
            return
        if resource in _UPGRADES:
            # Older clients would upgrade to SPDY itself: they get the reason a WebSocket gets.
            pod = pod_of(self.cluster, call)
            if call.subresource != "portforward":
                container_of(call, pod)
            raise bad_request("unable to upgrade: this server streams over WebSockets only")
        with self._limits.request(client, exchange.declared_size()):
            if exchange.method not in ("GET", "HEAD"):
                call.body = await exchange.body()
            reply = await self._perform(call)
        reply.headers += _warnings(call)
        await exchange.reply(reply)

    async def _perform(self, call: Call) -> Reply:
        kind, verb = call.kind, call.verb
        if call.subresource and kind.subresource(call.subresource) is None:
            raise NoSuchPathError()
        allowed = kind.subresource(call.subresource).verbs if call.subresource else kind.verbs  # type: ignore[union-attr]
        if verb not in allowed:
            raise method_not_allowed()
        if kind.namespaced and not call.namespace and verb != "list":
            raise NoSuchPathError() if call.name else method_not_allowed()
        if kind.resource in RESOURCES:
            return self._reviews.answer(call, self.cluster.now())
        if call.subresource == "token":
            return issue(self.cluster, self._tokens, call)
        action = _ACTIONS.get(call.subresource)
        if action is not None:
            return await action(self.cluster, call)
        match verb:
            case "get":
                return read.get(self.cluster, call)
            case "list":
                return read.list_objects(self.cluster, call)
            case "create":
                return await create.create(self.cluster, call)
            case "update":
                return await update.update(self.cluster, call)
            case "patch":
                return await patching.patch(self.cluster, call)
            case "delete":
                return await remove.delete(self.cluster, call)
            case _:
                return await remove.delete_collection(self.cluster, call)


def _verb(exchange: Exchange, place: paths.ResourcePath) -> str:
    method = exchange.method
    if method in ("GET", "HEAD"):
        watch = exchange.query.get("watch")
        if watch is not None and watch not in ("0", "false", "False", "f", "F", "FALSE"):
            return "watch"
        return "get" if place.name else "list"
    if method == "DELETE":
        return "delete" if place.name else "deletecollection"
    if method not in _VERBS:
        raise method_not_allowed()
    return _VERBS[method]


def _warnings(call: Call) -> list[tuple[str, str]]:
    """The headers that kubectl prints as `Warning:` lines."""
    return [("warning", f'299 - "{_quoted(text)}"') for text in call.warnings]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
