# SPDX-License-Identifier: Apache-2.0
"""No two filter chains of a port have the same server name, whoever asks for them: Envoy would refuse the listener."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from envoy.config.listener.v3.listener_pb2 import Listener

from lateen.compile.proxy import snapshot
from lateen.compile.workload import Role, Workload
from lateen.model.diagnostic import Diagnostic
from tests.compile.listeners.sidecars import document, state
from tests.envoy_validation import refusal

_ROUTER = Workload(role=Role.ROUTER, name="edge", namespace="default", ips=("10.1.0.1",), labels=(("app", "edge"),))
_ENDS = {"mode": "SIMPLE", "credentialName": "certificate"}
_PASSES = {"mode": "PASSTHROUGH"}


def _gateway(name: str, host: str, protocol: str, tls: dict[str, str]) -> str:
    server = {"port": {"number": 443, "name": name, "protocol": protocol}, "hosts": [host], "tls": tls}
    return document("Gateway", name, {"selector": {"app": "edge"}, "servers": [server]})


def _rule(**spec: Any) -> str:
    route = [{"destination": {"host": "a.default.svc.cluster.local", "port": {"number": 443}}}]
    rule = {"match": [{"sniHosts": ["a.test"], "port": 443}], "route": route}
    return document("VirtualService", "a", {"hosts": ["a.test"], "gateways": ["passes"], "tls": [rule], **spec})


@pytest.mark.parametrize(
    ("documents", "tells"),
    [
        ([_gateway("ends", "a.test", "HTTPS", _ENDS), _gateway("passes", "*.test", "TLS", _PASSES)], "VirtualService"),
        ([_gateway("passes", "*.test", "TLS", _PASSES), _gateway("then", "a.test", "HTTPS", _ENDS)], "VirtualService"),
        ([_gateway("one", "x/a.test", "HTTPS", _ENDS), _gateway("two", "y/a.test", "HTTPS", _ENDS)], "Gateway"),
    ],
    ids=["the older ends TLS", "the older passes TLS on", "hosts of two namespaces"],
)
def test_the_second_is_left_out_and_named(documents: list[str], tells: str, tmp_path: Path) -> None:
    known = state(*documents, _rule())
    found = snapshot(known.db, _ROUTER)
    (listener,) = [Listener.FromString(blob.body) for layer in found.listeners for blob in layer.values()]
    assert [list(chain.filter_chain_match.server_names) for chain in listener.filter_chains] == [["a.test"]]
    assert listener.filter_chains[0].HasField("transport_socket")
    assert refusal(tmp_path, [listener]) == ""
    reports = [d for d in known.db.reports() if isinstance(d, Diagnostic) and d.code == "duplicate-server-name"]
    assert [d.ref.kind for d in reports if d.ref] == [tells]
