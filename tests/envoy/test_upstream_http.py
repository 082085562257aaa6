# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of clusters."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToDict

from lateen.envoy.upstream_http import UpstreamHttp, UpstreamProtocol
from lateen.model.duration import Duration, seconds
from lateen.model.networking.connection_pool import (
    ConnectionPoolSettings,
    HTTP2KeepAlive,
    HTTPSettings,
    TCPSettings,
)

HTTP1 = {"explicitHttpConfig": {"httpProtocolOptions": {}}}
HTTP2 = {"explicitHttpConfig": {"http2ProtocolOptions": {}}}


def options(**said: Any) -> dict[str, Any] | None:
    message = UpstreamHttp(**said).options()
    return None if message is None else MessageToDict(message)


def pool(tcp: TCPSettings | None = None, **http: Any) -> ConnectionPoolSettings:
    return ConnectionPoolSettings(tcp=tcp, http=HTTPSettings(**http))


def test_protocols() -> None:
    assert options() is None
    assert options(protocol=UpstreamProtocol.HTTP2) == HTTP2
    both = {"useDownstreamProtocolConfig": {"http2ProtocolOptions": {}, "httpProtocolOptions": {}}}
    assert options(protocol=UpstreamProtocol.DOWNSTREAM) == both


def test_idle_timeout_of_http_before_tcp_and_zero_counts() -> None:
    tcp = TCPSettings(idle_timeout=seconds(9))
    assert options(pool=pool(tcp, idle_timeout=seconds(3))) == HTTP1 | {
        "commonHttpProtocolOptions": {"idleTimeout": "3s"}
    }
    assert options(pool=pool(tcp)) == HTTP1 | {"commonHttpProtocolOptions": {"idleTimeout": "9s"}}
    zero = TCPSettings(idle_timeout=Duration(0))
    assert options(pool=pool(zero)) == HTTP1 | {"commonHttpProtocolOptions": {"idleTimeout": "0s"}}


def test_a_pool_that_says_nothing_of_http_needs_no_options() -> None:
    assert options(pool=pool(TCPSettings(max_connections=5), max_retries=3)) is None


def test_limits_on_streams_reach_http2_only() -> None:
    limited = pool(max_concurrent_streams=7, http2_keep_alive=HTTP2KeepAlive(interval=seconds(5), timeout=seconds(1)))
    found = options(protocol=UpstreamProtocol.HTTP2, pool=limited)
    assert found is not None
    assert found["explicitHttpConfig"]["http2ProtocolOptions"] == {
        "maxConcurrentStreams": 7,
        "connectionKeepalive": {"interval": "5s", "timeout": "1s"},
    }
    upgraded = options(protocol=UpstreamProtocol.HTTP2, upgraded=True, pool=limited)
    assert upgraded == HTTP2 | {"commonHttpProtocolOptions": {}}
    assert options(pool=limited) == HTTP1 | {"commonHttpProtocolOptions": {}}


def test_names_follow_the_request() -> None:
    assert options(auto_sni=True) == HTTP1 | {"upstreamHttpProtocolOptions": {"autoSni": True}}
    assert UpstreamHttp(auto_sni=True, auto_san=True).verifies_names
    assert UpstreamHttp().verifies_names
    assert not UpstreamHttp(auto_sni=True).verifies_names
    assert not UpstreamHttp(protocol=UpstreamProtocol.HTTP2).verifies_names
