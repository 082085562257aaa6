# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: from a request to the operation that answers it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import orjson

from lateen.apiserver import discovery, openapi
from lateen.apiserver.auth.authenticate import Authenticator
from lateen.apiserver.auth.authorize import Act, Authorizer
from lateen.apiserver.auth.impersonate import impersonated
from lateen.apiserver.auth.reviews import RESOURCES, Reviews
from lateen.apiserver.auth.service_accounts import ServiceAccountTokens
from lateen.apiserver.auth.token_requests import issue
from lateen.apiserver.http import paths
from lateen.apiserver.http.exchange import Exchange, Receive, Scope, Send
from lateen.apiserver.http.limits import Limits
from lateen.apiserver.http.watch_stream import WatchStreams
from lateen.apiserver.operations import create, finalize, patching, pod_actions, read, remove, scale, update
from lateen.apiserver.operations.call import Call, Reply, User, json_reply
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

_OPEN_PATHS = frozenset(("/version", "/livez", "/readyz", "/healthz"))
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_DISCOVERY = "APIGroupDiscoveryList"
_UPGRADES = frozenset(("pods/exec", "pods/attach", "pods/portforward"))
_ACTIONS: dict[str, Callable[[Cluster, Call], Awaitable[Reply]]] = {
    "binding": pod_actions.bind,
    "eviction": pod_actions.evict,
    "finalize": finalize.finalize,
    "scale": scale.scale,
}
"""Subresources that are no view of the object itself."""


class Application:
    """`version` is the document of `/version`; `address` is what discovery says of the server's own."""

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
        self._version = version
        self._address = address
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
        socket = WebSocket(exchange)
        if place.subresource == "portforward":
            ports = [int(text) for text in exchange.repeated("ports") if text.isdecimal()]
            await port_forward(self.cluster, self._streams, call, ports, socket)
        else:
            await execute(self.cluster, self._streams, call, exchange.repeated("command"), socket)

    async def _answer(self, exchange: Exchange) -> None:
        path = exchange.path.rstrip("/") or "/"
        if path in _OPEN_PATHS:
            await exchange.reply(self._health(path))
            return
        user = self._user(exchange)
        place = paths.parse(path)
        if place is None:
            self._authorizer.check(user, Act(exchange.method.lower(), path=path))
            await exchange.reply(self._document(path, exchange))
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
        if kind.namespaced and not call.namespace and verb not in ("list", "deletecollection"):
            raise NoSuchPathError()
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

    def _health(self, path: str) -> Reply:
        if path == "/version":
            return Reply(200, orjson.dumps(self._version, option=orjson.OPT_INDENT_2))
        return Reply(200, b"ok", content_type="text/plain; charset=utf-8")

    def _document(self, path: str, exchange: Exchange) -> Reply:
        """Everything that is no resource: discovery and OpenAPI."""
        catalogue = self.cluster.catalogue
        parts = path.strip("/").split("/")
        if path in ("/api", "/apis"):
            return self._groups(path, exchange)
        if path == "/":
            return json_reply(200, {"paths": self._paths()})
        found = None
        if parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(catalogue, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = discovery.resource_list(catalogue, parts[1], parts[2])
        elif parts[0] == "api" and len(parts) == 2:
            found = discovery.resource_list(catalogue, "", parts[1])
        elif path == "/openapi/v2":
            return Reply(200, b"")
        elif path == "/openapi/v3":
            explains = exchange.header(b"kubectl-command").startswith("kubectl explain")
            found = openapi.index(catalogue, with_types=explains)
        elif path.startswith("/openapi/v3/"):
            return self._openapi(parts[2:], exchange)
        if found is None:
            raise NoSuchPathError()
        return json_reply(200, found)

    def _groups(self, path: str, exchange: Exchange) -> Reply:
        catalogue, core = self.cluster.catalogue, path == "/api"
        for part in exchange.header(b"accept").split(","):
            media = part.strip()
            if _DISCOVERY in media:
                version = "v2beta1" if "v=v2beta1" in media else "v2"
                shown = discovery.aggregated(catalogue, core=core, api_version=f"apidiscovery.k8s.io/{version}")
                reply = json_reply(200, shown)
                reply.content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as={_DISCOVERY}"
                return reply
            if media.startswith("application/json"):
                break
        shown = discovery.core_versions(self._address()) if core else discovery.group_list(catalogue)
        return json_reply(200, shown)

    def _openapi(self, parts: list[str], exchange: Exchange) -> Reply:
        group, version = ("", parts[1]) if parts[0] == "api" and len(parts) == 2 else ("", "")
        if parts[0] == "apis" and len(parts) == 3:
            group, version = parts[1], parts[2]
        body = openapi.document(self.cluster.catalogue, group, version, with_types="types" in exchange.query)
        if body is None:
            raise NoSuchPathError()
        reply = Reply(200, body)
        if "hash" in exchange.query:
            reply.headers.append(("expires", "Fri, 01 Jan 2100 00:00:00 GMT"))
        return reply

    def _paths(self) -> list[str]:
        found = {"/api", "/apis", "/livez", "/readyz", "/version", "/openapi/v2", "/openapi/v3"}
        for group, versions in self.cluster.catalogue.groups().items():
            found |= {f"/{openapi.path_of(group, version)}" for version in versions}
            if group:
                found.add(f"/apis/{group}")
        return sorted(found)


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
