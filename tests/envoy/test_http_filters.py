# SPDX-License-Identifier: Apache-2.0
"""The order of HTTP filters, and what stands in for Istio's own."""

from __future__ import annotations

from envoy.extensions.filters.http.set_filter_state.v3.set_filter_state_pb2 import Config
from envoy.extensions.filters.http.wasm.v3.wasm_pb2 import Wasm

from lateen.envoy.extension import http_filter
from lateen.envoy.http_filters import http_filters, router


def mark(name: str) -> list[object]:
    return [http_filter(name, Wasm())]


def test_every_filter_has_its_place() -> None:
    found = http_filters(
        outbound=True,
        router=router(),
        grpc_web=True,
        telemetry=mark("telemetry"),
        extensions=mark("extension"),
        authorization=mark("authorization"),
        forward_proxy=mark("forward-proxy"),
        authentication=mark("authentication"),
        custom_authorization=mark("custom"),
        peer_metadata=mark("peer"),
    )
    assert [f.name.removeprefix("envoy.filters.http.") for f in found] == [
        "peer",
        "custom",
        "authentication",
        "authorization",
        "extension",
        "grpc_web",
        "grpc_stats",
        "istio.alpn",
        "fault",
        "cors",
        "telemetry",
        "forward-proxy",
        "router",
    ]


def test_names_for_upstream_connections_are_set_only_where_the_upstream_may_be_a_proxy() -> None:
    outbound = http_filters(outbound=True, router=router())
    inbound = http_filters(outbound=False, router=router())
    assert [f.name for f in outbound if f not in inbound] == ["istio.alpn"]
    config = Config()
    assert outbound[1].typed_config.Unpack(config)
    (value,) = config.on_request_headers
    assert value.object_key == "envoy.network.application_protocols"
    assert value.skip_if_empty and value.format_string.omit_empty_values
