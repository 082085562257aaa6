# SPDX-License-Identifier: Apache-2.0
"""The HTTP connection manager: from the bytes of a connection to a route's action."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any as Message

from msgspec import Struct
from msgspec.structs import replace

from lateen.explain import redirect
from lateen.explain.client_address import client_address, is_internal
from lateen.explain.connection import Connection
from lateen.explain.decision import (
    DownstreamTls,
    Failure,
    Forward,
    Http,
    Problem,
    Redirect,
    Route,
    VirtualHost,
)
from lateen.explain.decision import RouteTable as RouteTableDecision
from lateen.explain.http_filter import passage
from lateen.explain.http_view import HttpView
from lateen.explain.path_normalization import Verdict, normalize
from lateen.explain.rbac import Caller
from lateen.explain.request import HTTP2, HTTP10, HttpRequest, Request
from lateen.explain.request_headers import request_headers
from lateen.explain.route_action import Levels, action_of
from lateen.explain.route_table import RouteTable, choose_route
from lateen.explain.upgrade import refused_upgrade
from lateen.explain.virtual_host import port_start

_AUTO, _HTTP1, _HTTP2, _HTTP3 = range(4)
_EXTERNAL_ONLY, _ALL = 1, 2
_SOURCES = {"rds": "rds", "route_config": "inline", "scoped_routes": "scoped"}

Tables = Callable[[Message], RouteTable | None]


class Outcome(Struct, frozen=True):
    """The decisions so far, and the failure if one ended the request."""

    http: Http
    failure: Failure | None = None


def manage(
    manager: Message,
    table_of: Tables,
    request: Request,
    connection: Connection,
    tls: DownstreamTls,
    why: bool,
) -> Outcome:
    """Follow the request through the manager. `table_of` gives the route table that the manager names or holds."""
    broken = _not_http(manager, request, tls)
    if broken is not None or request.http is None:
        return Outcome(Http(), broken)
    http = request.http
    path: str | None = http.path
    if http.method == "CONNECT" and (http.version != HTTP2 or not path):
        path = None
    refused = _scheme(manager, http, tls) or _sanity(manager, http, path)
    if refused is not None:
        return Outcome(Http(path=http.path, authority=http.authority or ""), refused)
    authority = _authority(manager, http, connection)
    if path is not None:
        normal = normalize(manager, path)
        path = normal.path
        if normal.verdict is Verdict.REJECT:
            failure = Failure(Problem.BAD_REQUEST, "the path has escaped slashes, or an escaped null character", 400)
            return Outcome(Http(path=http.path, authority=authority), failure)
        if normal.verdict is Verdict.REDIRECT:
            return Outcome(Http(path=path, authority=authority, action=Redirect(307, path)))
    view = _view(manager, request, http, authority, path, tls)
    caller = Caller(request, connection, tls, view, client_address(manager, request, http))
    return _route(manager, table_of, view, caller, why)


def _not_http(manager: Message, request: Request, tls: DownstreamTls) -> Failure | None:
    """What happens to bytes that the manager cannot read: HTTP/1.1 answers 400, HTTP/2 just closes."""
    codec = manager.codec_type
    status = 400 if codec in (_AUTO, _HTTP1) and tls.alpn != "h2" else None
    if request.tls is not None and not tls.terminates_tls:
        return Failure(Problem.PROTOCOL, "the client sends TLS, which this filter chain does not terminate", status)
    if request.http is None:
        what = "bytes that are not HTTP" if request.speaks_first else "nothing: it waits for the server"
        return Failure(Problem.PROTOCOL, f"the filter chain expects HTTP and the client sends {what}", status)
    is_http2 = request.http.version == HTTP2
    if codec == _HTTP3:
        return Failure(Problem.NOT_UNDERSTOOD, "HTTP/3 is not traced")
    expects = {_HTTP1: False, _HTTP2: True}.get(codec)
    if codec == _AUTO and tls.alpn in ("h2", "http/1.1"):
        expects = tls.alpn == "h2"
    if expects is not None and expects != is_http2:
        wanted = "HTTP/2" if expects else "HTTP/1.1"
        spoken = request.http.version
        return Failure(Problem.PROTOCOL, f"the filter chain expects {wanted} and the client speaks {spoken}", status)
    return None


def _scheme(manager: Message, http: HttpRequest, tls: DownstreamTls) -> Failure | None:
    """An absolute request target of HTTP/1.1 is for HTTP, and at the edge of the same scheme as the connection."""
    if http.version == HTTP2 or not http.scheme:
        return None
    scheme = http.scheme.lower()
    if scheme not in ("http", "https"):
        return Failure(Problem.BAD_REQUEST, f"the request target has the scheme {http.scheme}", 400)
    at_edge = manager.use_remote_address.value and not manager.xff_num_trusted_hops
    if at_edge and scheme == "https" and not tls.terminates_tls:
        return Failure(Problem.BAD_REQUEST, "the request target says https, and the connection is plain", 403)
    return None


def _sanity(manager: Message, http: HttpRequest, path: str | None) -> Failure | None:
    """Requests that are answered before they are routed."""
    if http.version == HTTP10 and not manager.http_protocol_options.accept_http_10:
        return Failure(Problem.BAD_REQUEST, "HTTP/1.0 is not accepted", 426)
    default_host = manager.http_protocol_options.default_host_for_http_10 if http.version == HTTP10 else ""
    if http.authority is None and not default_host:
        return Failure(Problem.BAD_REQUEST, "the request has no host", 400)
    if path == "*":
        return Failure(Problem.BAD_REQUEST, "the request is for the server as a whole", 404)
    if path is not None and not path.startswith("/"):
        return Failure(Problem.BAD_REQUEST, "the path does not begin with a slash", 400)
    if path is not None and "#" in path:
        return Failure(Problem.BAD_REQUEST, "the path has a fragment", 400)
    if path is not None and any(not "!" <= c <= "~" for c in path):
        return Failure(Problem.BAD_REQUEST, "the path has characters that must be escaped", 400)
    return None


def _authority(manager: Message, http: HttpRequest, connection: Connection) -> str:
    """The Host header after the manager's options have stripped it."""
    authority = http.authority
    if authority is None:
        authority = manager.http_protocol_options.default_host_for_http_10
    if manager.strip_trailing_host_dot:
        dot = authority.rfind(".")
        if dot >= 0 and authority[dot + 1 : dot + 2] in ("", ":"):
            authority = authority[:dot] + authority[dot + 1 :]
    start = port_start(authority)
    port = authority[start + 1 :] if start is not None else ""
    if start is None or not port.isdecimal():
        return authority
    same = manager.strip_matching_host_port and int(port) == connection.local.port
    return authority[:start] if manager.strip_any_host_port or same else authority


def _view(
    manager: Message, request: Request, http: HttpRequest, authority: str, path: str | None, tls: DownstreamTls
) -> HttpView:
    internal = is_internal(manager, request, http)
    headers = request_headers(manager, request, http, tls, internal)
    transport = "https" if tls.terminates_tls else "http"
    sent = next(iter(headers.get("x-forwarded-proto", [])), "")
    if manager.use_remote_address.value and manager.xff_num_trusted_hops == 0:
        sent = ""
    forwarded = sent or transport
    scheme = http.scheme
    if not scheme:
        says_itself = http.version != HTTP2 and forwarded in ("http", "https")
        scheme = forwarded if says_itself else transport
    if manager.scheme_header_transformation.scheme_to_overwrite:
        scheme = forwarded = manager.scheme_header_transformation.scheme_to_overwrite
    return HttpView(
        request,
        method=http.method,
        scheme=scheme,
        forwarded_proto=forwarded,
        authority=authority,
        path=path,
        headers=headers,
        tls=tls,
        internal=internal,
    )


def _route(manager: Message, table_of: Tables, view: HttpView, caller: Caller, why: bool) -> Outcome:
    kind = manager.WhichOneof("route_specifier") or "route_config"
    name = manager.rds.route_config_name if kind == "rds" else manager.route_config.name
    answer = Http(path=view.path or "", authority=view.authority, table=RouteTableDecision(name, _SOURCES[kind]))
    table = table_of(manager)
    levels: list[Message] = []
    if kind == "scoped_routes":
        outcome = Outcome(answer, Failure(Problem.NOT_UNDERSTOOD, "scoped routes are not traced"))
    elif table is None:
        outcome = Outcome(answer, Failure(Problem.NO_ROUTE_TABLE, f"there is no route table {name!r}", 404, "NR"))
    else:
        named = RouteTableDecision(name, _SOURCES[kind], tuple(table.hosts.duplicates))
        outcome, levels = _in_table(table, replace(answer, table=named), view, why)
    http, failure = outcome.http, outcome.failure
    refused = refused_upgrade(manager, levels[0], view) if http.action is not None and not http.tls_required else None
    if refused is not None:
        return Outcome(replace(http, filters=passage(manager, levels, None, "").filters), refused)
    cluster = http.action.cluster if isinstance(http.action, Forward) else ""
    passed = passage(manager, levels, caller, cluster)
    http = replace(http, filters=passed.filters)
    if passed.answer is not None:
        return Outcome(replace(http, action=passed.answer, answered_by=passed.filters[-1].name))
    return Outcome(http, passed.failure or failure)


def _in_table(table: RouteTable, answer: Http, view: HttpView, why: bool) -> tuple[Outcome, list[Message]]:
    """The decisions within a route table, and the levels that configure filters: route, virtual host, table.

    Without a route there are none, even if there is a virtual host.
    """
    host_text = table.host_of(view)
    found = table.hosts.find(host_text)
    rejected = table.hosts.rejected(host_text, found[0] if found else None) if why else ()
    if found is None:
        nowhere = VirtualHost("", "", host_text, rejected) if why else None
        failure = Failure(Problem.NO_VIRTUAL_HOST, f"no virtual host has a domain for {host_text!r}", 404, "NR")
        return Outcome(replace(answer, virtual_host=nowhere), failure), []
    host = table.hosts.hosts[found[0]]
    answer = replace(answer, virtual_host=VirtualHost(host.name, found[1], host_text, rejected))
    if _must_use_tls(host, view):
        action = Redirect(301, redirect.to_tls(view))
        return Outcome(replace(answer, tls_required=True, action=action)), []

    routes = table.routes(found[0], view)
    index, tried = choose_route(routes, view, why)
    if index is None:
        nothing = Route("", -1, "", tried) if why else None
        failure = Failure(Problem.NO_ROUTE, f"no route of virtual host {host.name!r} matches", 404, "NR")
        return Outcome(replace(answer, route=nothing), failure), []
    route, match = routes[index]
    answer = replace(
        answer,
        route=Route(route.name, index, str(match), tried),
        action=action_of(Levels(route, host, table.config), match, view),
    )
    return Outcome(answer), [route, host, table.config]


def _must_use_tls(host: Message, view: HttpView) -> bool:
    if view.forwarded_proto == "https":
        return False
    return bool(host.require_tls == _ALL or (host.require_tls == _EXTERNAL_ONLY and not view.internal))
