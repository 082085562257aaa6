# SPDX-License-Identifier: Apache-2.0
"""What the documentation of VirtualService says becomes of a request: read from the rules alone, nothing of Envoy.

It knows one client, sidecars only, and the fields that `random_rules` writes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

Json = dict[str, Any]


class Call(NamedTuple):
    """A request as a client makes it. `host` has no port; `path` no query; header names are in lower case."""

    port: int
    host: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        return self.path + self.question

    @property
    def question(self) -> str:
        return "?" + "&".join(f"{k}={v}" for k, v in self.query.items()) if self.query else ""


class Forwarded(NamedTuple):
    """The request reaches one of `clusters` like this; headers that are None are not there."""

    clusters: frozenset[str]
    target: str
    authority: str
    headers: tuple[tuple[str, str | None], ...]


class Answered(NamedTuple):
    """The proxy answers itself."""

    status: int
    location: str = ""
    body: str = ""


Outcome = Forwarded | Answered


class Client(NamedTuple):
    """Who asks."""

    namespace: str
    labels: Mapping[str, str]


def outcome(
    rules: list[Json], services: Mapping[str, tuple[int, ...]], client: Client, name: str, call: Call
) -> Outcome:
    """What becomes of `call` to the host `name` (fully qualified). `rules` are VirtualServices, the oldest first;
    `services` the ports of each service by host."""
    for rule in rules:
        named = rule["spec"]["hosts"]
        # A rule takes effect on the ports of the services that it names, and on 80.
        if name not in named or not (call.port == 80 or any(call.port in services.get(host, ()) for host in named)):
            continue
        left = [(route, match) for route in rule["spec"]["http"] for match in _left(route, client, call.port)]
        if not left:
            continue
        for route, match in left:
            if _holds(match, call):
                return _apply(route, match, services, call)
        return Answered(404)
    if call.port in services.get(name, ()):
        return Forwarded(frozenset({f"outbound|{call.port}||{name}"}), call.target, call.host, ())
    return Answered(502)


def _left(route: Json, client: Client, port: int) -> list[Json]:
    matches = route.get("match") or [{}]
    return [m for m in matches if m.get("port", port) == port and _is_source(m, client)]


def _is_source(match: Json, client: Client) -> bool:
    wanted = match.get("sourceLabels", {})
    namespace = match.get("sourceNamespace", client.namespace)
    return bool(namespace == client.namespace and wanted.items() <= dict(client.labels).items())


def _holds(match: Json, call: Call) -> bool:
    uri, path = match.get("uri"), call.path
    if uri and match.get("ignoreUriCase") and "regex" not in uri:
        uri, path = {k: v.lower() for k, v in uri.items()}, path.lower()
    conditions = [
        uri is None or _string(uri, path),
        "method" not in match or _string(match["method"], call.method),
        "authority" not in match or _string(match["authority"], call.host),
        "scheme" not in match or _string(match["scheme"], "http"),
        *(k in call.headers and _string(v, call.headers[k]) for k, v in match.get("headers", {}).items()),
        *(k in call.query and _string(v, call.query[k]) for k, v in match.get("queryParams", {}).items()),
        *(not _present(k, v, call) for k, v in match.get("withoutHeaders", {}).items()),
    ]
    return all(conditions)


def _present(name: str, condition: Json, call: Call) -> bool:
    if not condition:
        return name in call.headers
    # A header that is not there counts as an empty one.
    return _string(condition, call.headers.get(name, ""))


def _string(condition: Json, value: str) -> bool:
    match condition:
        case {"exact": text}:
            return bool(value == text)
        case {"prefix": text}:
            return value.startswith(text)
        case {"regex": text}:
            return re.fullmatch(text, value) is not None
    return True


def _apply(route: Json, match: Json, services: Mapping[str, tuple[int, ...]], call: Call) -> Outcome:
    if "directResponse" in route:
        return Answered(route["directResponse"]["status"], body=route["directResponse"]["body"]["string"])
    if "redirect" in route:
        redirect = route["redirect"]
        port = f":{redirect['port']}" if "port" in redirect else ""
        authority = redirect.get("authority", call.host)
        path = redirect["uri"] + call.question if "uri" in redirect else call.target
        location = f"{redirect.get('scheme', 'http')}://{authority}{port}{path}"
        return Answered(redirect.get("redirectCode", 301), location=location)
    targets = route["route"]
    if len(targets) > 1:
        targets = [target for target in targets if target.get("weight", 0)]
    rewrite = route.get("rewrite", {})
    request = route.get("headers", {}).get("request", {})
    authority = rewrite.get("authority") or request.get("set", {}).get("host", call.host)
    return Forwarded(
        frozenset(_cluster(target["destination"], call.port) for target in targets),
        _rewritten(rewrite, match, call) + call.question,
        authority,
        tuple(_changed(request, call).items()),
    )


def _cluster(destination: Json, port: int) -> str:
    number = destination.get("port", {}).get("number", port)
    return f"outbound|{number}|{destination.get('subset', '')}|{destination['host']}"


def _rewritten(rewrite: Json, match: Json, call: Call) -> str:
    if "uriRegexRewrite" in rewrite:
        regex = rewrite["uriRegexRewrite"]
        return re.sub(regex["match"], regex["rewrite"], call.path)
    if "uri" not in rewrite:
        return call.path
    match match.get("uri", {"prefix": "/"}):
        case {"prefix": prefix}:
            return str(rewrite["uri"]) + call.path[len(prefix) :]
    return str(rewrite["uri"])


def _changed(request: Json, call: Call) -> dict[str, str | None]:
    changed: dict[str, str | None] = {k: v for k, v in request.get("set", {}).items() if k != "host"}
    for name, value in request.get("add", {}).items():
        before = changed.get(name, call.headers.get(name))
        changed[name] = value if before is None else f"{before},{value}"
    changed.update(dict.fromkeys(request.get("remove", ())))
    return changed
