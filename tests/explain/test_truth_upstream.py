# SPDX-License-Identifier: Apache-2.0
"""Behind the route: subsets, priorities, transport sockets, original destinations, TCP proxies, header changes."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from typing import Any

from lateen.explain import Address, ClientTls, HttpRequest, ProxyProtocol, Request, Trace, trace
from lateen.explain.cluster import usable
from lateen.explain.priority import Tally, priorities
from tests.envoy_process import StartEnvoy
from tests.explain.truth import Json, Truth, http_chain, listener, listener_filter, static_cluster
from tests.explain.wire import HttpClient, client_hello, echo_server, exchange, proxy_header, recorder

_TCP_PROXY = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_SNI_CLUSTER = "type.googleapis.com/envoy.extensions.filters.network.sni_cluster.v3.SniCluster"
_SOCKETS = "type.googleapis.com/envoy.extensions.transport_sockets."
_RAW = _SOCKETS + "raw_buffer.v3.RawBuffer"
_PROXY_PROTOCOL = _SOCKETS + "proxy_protocol.v3.ProxyProtocolUpstreamTransport"
_TRIES = 24


def _endpoint(address: Address, **fields: Any) -> Json:
    socket = {"socket_address": {"address": address.ip, "port_value": address.port}}
    return {"endpoint": {"address": socket}, **fields}


def _lb(**values: Any) -> Json:
    return {"filter_metadata": {"envoy.lb": values}}


def _cluster(name: str, *groups: Json, **fields: Any) -> Json:
    return static_cluster(name, **fields) | {"load_assignment": {"cluster_name": name, "endpoints": list(groups)}}


def _eligible(answer: Trace) -> set[str]:
    """The addresses that a trace leaves for the request."""
    assert answer.cluster is not None
    return {e.address for group in answer.cluster.localities for e in usable(answer.cluster, group)}


async def test_subsets_and_priorities(start_envoy: StartEnvoy) -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(echo_server(str(i))) for i in range(6)]
        by_address = {str(a): str(i) for i, a in enumerate(servers)}
        versions = [
            _endpoint(servers[0], metadata=_lb(version="v1", stage="prod")),
            _endpoint(servers[1], metadata=_lb(version="v1", stage="dev")),
            _endpoint(servers[2], metadata=_lb(version="v2", stage="prod")),
            _endpoint(servers[3], metadata=_lb(version=2, beta=True)),
        ]
        selectors = [{"keys": ["version"]}, {"keys": ["stage", "version"]}, {"keys": ["beta"]}]
        strict = {"subset_selectors": selectors}
        fallback_keys = {
            "subset_selectors": [
                {"keys": ["version"], "fallback_policy": "NO_FALLBACK"},
                {
                    "keys": ["stage", "version"],
                    "fallback_policy": "KEYS_SUBSET",
                    "fallback_keys_subset": ["version"],
                },
            ],
            "fallback_policy": "ANY_ENDPOINT",
        }
        default = {"fallback_policy": "DEFAULT_SUBSET", "default_subset": {"stage": "prod"}}
        clusters = [
            _cluster("strict", {"lb_endpoints": versions}, lb_subset_config=strict),
            _cluster("any", {"lb_endpoints": versions}, lb_subset_config=strict | {"fallback_policy": "ANY_ENDPOINT"}),
            _cluster("default", {"lb_endpoints": versions}, lb_subset_config=strict | default),
            _cluster("keys", {"lb_endpoints": versions}, lb_subset_config=fallback_keys),
            _cluster("none", {"lb_endpoints": versions}),
            _cluster(
                "priorities",
                {"priority": 0, "lb_endpoints": [_endpoint(servers[0], health_status="UNHEALTHY")]},
                {
                    "priority": 1,
                    "lb_endpoints": [_endpoint(servers[1]), _endpoint(servers[2], health_status="DRAINING")],
                },
                {"priority": 2, "lb_endpoints": [_endpoint(servers[3])]},
            ),
            _cluster(
                "panic",
                {"lb_endpoints": [_endpoint(s, health_status="UNHEALTHY") for s in servers[:2]]},
            ),
            _cluster(
                "no-panic",
                {"lb_endpoints": [_endpoint(s, health_status="UNHEALTHY") for s in servers[:2]]},
                common_lb_config={"healthy_panic_threshold": {"value": 0}},
            ),
            _cluster(
                "half",
                {"lb_endpoints": [_endpoint(servers[0]), _endpoint(servers[1], health_status="TIMEOUT")]},
                {"priority": 1, "lb_endpoints": [_endpoint(servers[2])]},
            ),
            _cluster(
                "draining",
                {
                    "lb_endpoints": [
                        _endpoint(servers[0], health_status="UNHEALTHY"),
                        _endpoint(servers[1], health_status="DRAINING"),
                    ]
                },
            ),
            _cluster("empty"),
        ]
        wanted: list[Json] = [
            {},
            {"version": "v1"},
            {"version": "v2"},
            {"version": "v3"},
            {"version": 2},
            {"version": "2"},
            {"beta": True},
            {"version": "v1", "stage": "dev"},
            {"version": "v2", "stage": "dev"},
            {"stage": "dev"},
        ]
        routes = [
            {
                "match": {"path": f"/{cluster['name']}/{i}"},
                "route": {"cluster": cluster["name"], **({"metadata_match": _lb(**want)} if want else {})},
            }
            for cluster in clusters
            for i, want in enumerate(wanted)
        ]
        table = {"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}
        truth = await Truth.start(start_envoy, [listener("in", filter_chains=[http_chain(table)])], clusters)
        port = truth.ports["in"]
        client = HttpClient("127.0.0.1", port)
        for route in routes:
            http = HttpRequest(authority="a", path=route["match"]["path"])
            answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), http=http), why=True)
            responses = [await client.send(http) for _ in range(_TRIES)]
            reached = {json.loads(r.body)["server"] for r in responses if r.status == 200}
            predicted = {by_address[a] for a in _eligible(answer)} if answer.failure is None else set()
            assert reached == predicted, f"{http.path} {route}\n{answer.cluster}\n{answer.failure}"
            if answer.failure is not None:
                assert {r.status for r in responses} == {answer.failure.status}
        client.close()


def test_priority_loads_of_the_documentation() -> None:
    """The examples of Envoy's documentation of priority levels: two priorities, the healthy part of each in percent."""
    examples = {
        (100, 100): (100, 0),
        (72, 72): (100, 0),
        (71, 71): (99, 1),
        (50, 50): (70, 30),
        (25, 100): (35, 65),
        (25, 25): (50, 50),
    }
    for (first, second), loads in examples.items():
        spread = priorities([Tally(100, first, 0), Tally(100, second, 0)], 140, 50.0)
        assert tuple(p.load for p in spread) == loads
    assert priorities([Tally(2, 0, 0)], 140, 50.0)[0].panic


async def test_transport_socket_matches(start_envoy: StartEnvoy) -> None:
    """The socket is chosen by the endpoint's metadata: one of them prefixes what it sends with a PROXY header."""
    received: list[bytes] = []
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(recorder(received)) for _ in range(4)]

        def marked(**values: Any) -> Json:
            return {"metadata": {"filter_metadata": {"envoy.transport_socket_match": values}}}

        raw = {"name": "raw", "typed_config": {"@type": _RAW}}
        announcing = {
            "name": "announcing",
            "typed_config": {"@type": _PROXY_PROTOCOL, "config": {"version": "V1"}, "transport_socket": raw},
        }
        matches = [
            {"name": "both", "match": {"mode": "proxy", "tier": 2}, "transport_socket": raw},
            {"name": "proxied", "match": {"mode": "proxy"}, "transport_socket": announcing},
            {"name": "rest", "match": {}, "transport_socket": raw},
        ]
        groups: dict[str, Json] = {
            "endpoint": {"lb_endpoints": [_endpoint(servers[0], **marked(mode="proxy"))]},
            "locality": {"lb_endpoints": [_endpoint(servers[1])], **marked(mode="proxy", extra="x")},
            "both": {"lb_endpoints": [_endpoint(servers[2], **marked(mode="proxy", tier=2))]},
            "neither": {"lb_endpoints": [_endpoint(servers[3], **marked(mode="other"))], **marked(mode="proxy")},
        }
        clusters = [_cluster(n, g, transport_socket_matches=matches) for n, g in groups.items()]
        clusters += [_cluster(f"{n}, no rest", g, transport_socket_matches=matches[:2]) for n, g in groups.items()]
        listeners = [listener(c["name"], filter_chains=[_tcp_chain(cluster=c["name"])]) for c in clusters]
        truth = await Truth.start(start_envoy, listeners, clusters)
        for name, port in truth.ports.items():
            answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port)))
            assert answer.cluster is not None
            socket = answer.cluster.localities[0].endpoints[0].transport_socket
            received.clear()
            await exchange("127.0.0.1", port, b"hello")
            assert received[0].startswith(b"PROXY ") == (socket == "proxied"), (name, socket)


async def test_tcp_proxies(start_envoy: StartEnvoy) -> None:
    """The cluster of a connection: the filter's own, by weight, by server name, or the original destination."""
    received: list[bytes] = []
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(recorder(received, str(i).encode())) for i in (1, 2)]
        original = {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED", "connect_timeout": "2s"}
        clusters = [
            static_cluster("one", (one.ip, one.port)),
            static_cluster("two.example", (two.ip, two.port)),
            {"name": "original", **original},
        ]
        weighted = {"clusters": [{"name": "one", "weight": 1}, {"name": "two.example", "weight": 3}]}
        by_name = _tcp_chain(cluster="one")
        by_name["filters"].insert(0, {"name": "by-name", "typed_config": {"@type": _SNI_CLUSTER}})
        inspector = [listener_filter("tls_inspector", "TlsInspector")]
        listeners = [
            listener("plain", filter_chains=[_tcp_chain(cluster="one")]),
            listener("weighted", filter_chains=[_tcp_chain(weighted_clusters=weighted)]),
            listener("by-name", filter_chains=[by_name], listener_filters=inspector),
            listener("gone", filter_chains=[_tcp_chain(cluster="gone")]),
            listener(
                "original",
                filter_chains=[_tcp_chain(cluster="original")],
                listener_filters=[listener_filter("proxy_protocol", "ProxyProtocol")],
            ),
        ]
        truth = await Truth.start(start_envoy, listeners, clusters)
        by_address = {str(one): "1", str(two): "2"}

        def predicted(name: str, **request: Any) -> set[str]:
            answer = trace(truth.resources, Request(destination=Address("127.0.0.1", truth.ports[name]), **request))
            assert answer.tcp is not None
            if answer.failure is not None:
                return {""}
            clusters = [s.cluster for s in answer.tcp.shares if s.share > 0]
            if answer.cluster is not None and answer.cluster.localities:
                return {by_address[e.address] for g in answer.cluster.localities for e in g.endpoints}
            return {{"one": "1", "two.example": "2"}[c] for c in clusters}

        async def reached(name: str, sent: bytes) -> set[str]:
            return {await exchange("127.0.0.1", truth.ports[name], sent) for _ in range(_TRIES)}

        assert await reached("plain", b"no TLS at all") == predicted("plain") == {"1"}
        assert await reached("weighted", b"no TLS at all") == predicted("weighted") == {"1", "2"}
        assert predicted("weighted", random=4) == {"1"}
        assert predicted("weighted", random=5) == predicted("weighted", random=7) == {"2"}
        hello = ClientTls(server_name="two.example")
        assert await reached("by-name", client_hello(hello)) == predicted("by-name", tls=hello) == {"2"}
        missing = ClientTls(server_name="three.example")
        assert await reached("by-name", client_hello(missing)) == predicted("by-name", tls=missing) == {""}
        assert await reached("by-name", b"no TLS at all") == predicted("by-name") == {"1"}
        assert await reached("gone", b"no TLS at all") == predicted("gone") == {""}
        for server, name in ((one, "1"), (two, "2")):
            header = ProxyProtocol(Address("127.0.0.1", 1234), server)
            sent = proxy_header(header) + b"no TLS at all"
            assert await reached("original", sent) == predicted("original", proxy_protocol=header) == {name}


async def test_header_changes_in_order(start_envoy: StartEnvoy) -> None:
    """Replaying the changes that a trace lists gives the headers that the upstream sees."""

    overwrite = "OVERWRITE_IF_EXISTS_OR_ADD"

    def changes(level: str) -> Json:
        return {
            "request_headers_to_add": [
                {"header": {"key": "x-appended", "value": level}, "append_action": "APPEND_IF_EXISTS_OR_ADD"},
                {"header": {"key": "x-if-absent", "value": level}, "append_action": "ADD_IF_ABSENT"},
                {"header": {"key": "x-overwritten", "value": level}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"},
                {"header": {"key": "x-if-there", "value": level}, "append_action": "OVERWRITE_IF_EXISTS"},
                {"header": {"key": "x-removed", "value": level}, "append_action": "APPEND_IF_EXISTS_OR_ADD"},
                {"header": {"key": "x-formatted", "value": f"{level} %REQ(x-none?x-source):3%%%, %ROUTE_NAME%"}},
                {"header": {"key": "x-twice", "value": level}, "append_action": "APPEND_IF_EXISTS_OR_ADD"},
                {"header": {"key": "x-twice", "value": "%REQ(x-overwritten)%"}, "append_action": overwrite},
                {"header": {"key": "x-empty", "value": "%REQ(x-none)%"}},
                {"header": {"key": "x-kept", "value": "%REQ(x-none)%"}, "keep_empty_value": True},
            ],
            "request_headers_to_remove": ["x-removed", "x-sent"],
        }

    async with echo_server("one") as one:
        weighted = {"clusters": [{"name": "one", "weight": 1, **changes("weight")}]}
        action = {"weighted_clusters": weighted}
        route = {"name": "the route", "match": {"prefix": "/"}, "route": action, **changes("route")}
        host = {"name": "v", "domains": ["*"], "routes": [route], **changes("host")}
        table = {"virtual_hosts": [host], **changes("table")}
        listeners = [
            listener("usual", filter_chains=[http_chain(table)]),
            listener("specific", filter_chains=[http_chain({**table, "most_specific_header_mutations_wins": True})]),
        ]
        truth = await Truth.start(start_envoy, listeners, [static_cluster("one", (one.ip, one.port))])
        sent = (
            ("x-sent", "1"),
            ("x-if-there", "sent"),
            ("x-appended", "sent"),
            ("x-source", "client"),
            ("x-source", "2"),
        )
        http = HttpRequest(authority="a", headers=sent)
        for name, port in truth.ports.items():
            answer = trace(truth.resources, Request(destination=Address("127.0.0.1", port), http=http))
            response = json.loads((await HttpClient("127.0.0.1", port).send(http)).body)
            seen = [(k.lower(), v) for k, v in response["headers"] if k.lower().startswith("x-") and k in _OURS]
            assert _by_name(seen) == _by_name(_replayed(answer, http)), name


_OURS = {
    f"x-{name}"
    for name in [
        "formatted",
        "empty",
        "kept",
        "appended",
        "if-absent",
        "overwritten",
        "if-there",
        "removed",
        "sent",
        "source",
        "twice",
    ]
}


def _by_name(headers: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {name: [v for k, v in headers if k == name] for name, _ in headers}


def _replayed(answer: Trace, http: HttpRequest) -> list[tuple[str, str]]:
    headers = list(http.headers)
    assert answer.http is not None
    for change in getattr(answer.http.action, "headers", ()):
        there = any(k == change.name for k, _ in headers)
        if change.operation in ("remove", "overwrite or add") or (change.operation == "overwrite if present" and there):
            headers = [(k, v) for k, v in headers if k != change.name]
        adds = {"append": True, "add if absent": not there, "overwrite or add": True, "overwrite if present": there}
        if adds.get(change.operation, False):
            headers.append((change.name, change.value))
    return headers


def _tcp_chain(**proxy: Any) -> Json:
    config = {"@type": _TCP_PROXY, "stat_prefix": "tcp", **proxy}
    return {"filters": [{"name": "tcp", "typed_config": config}]}
