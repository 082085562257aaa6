# SPDX-License-Identifier: Apache-2.0
"""The arguments of istio-init, which the redirection is made from."""

from __future__ import annotations

import pytest

from lateen.inject import Settings, annotation
from tests.inject.pods import container, environment, injected, option, pod


@pytest.mark.parametrize(
    ("annotations", "name", "expected"),
    [
        ({}, "-m", "REDIRECT"),
        ({annotation.INTERCEPTION_MODE: "TPROXY"}, "-m", "TPROXY"),
        ({annotation.PROXY_CONFIG: "interceptionMode: TPROXY"}, "-m", "TPROXY"),
        ({}, "-i", "*"),
        ({annotation.INCLUDE_OUTBOUND_IP_RANGES: ""}, "-i", ""),
        ({annotation.INCLUDE_OUTBOUND_IP_RANGES: "10.0.0.0/8"}, "-i", "10.0.0.0/8"),
        ({annotation.EXCLUDE_OUTBOUND_IP_RANGES: "10.0.0.0/8"}, "-x", "10.0.0.0/8"),
        ({annotation.INCLUDE_INBOUND_PORTS: "80,443"}, "-b", "80,443"),
        ({}, "-d", "15090,15021,15020"),
        ({annotation.EXCLUDE_INBOUND_PORTS: "80, 443"}, "-d", "15090,15021,80,443,15020"),
        ({annotation.EXCLUDE_INBOUND_PORTS: "15020,80"}, "-d", "15090,15021,15020,80"),
        ({annotation.STATUS_PORT: "0"}, "-d", "15090,15021"),
        ({annotation.STATUS_PORT: "0", annotation.EXCLUDE_INBOUND_PORTS: "7"}, "-d", "15090,15021,7"),
        ({}, "-q", None),
        ({annotation.INCLUDE_OUTBOUND_PORTS: "9000"}, "-q", "9000"),
        ({}, "-o", None),
        ({annotation.EXCLUDE_OUTBOUND_PORTS: "9000"}, "-o", "9000"),
        ({annotation.KUBEVIRT_INTERFACES: "net1"}, "-k", "net1"),
        ({annotation.KUBEVIRT_INTERFACES: "net1", annotation.REROUTE_VIRTUAL_INTERFACES: "net2"}, "-k", "net2"),
        ({annotation.EXCLUDE_INTERFACES: "eth1"}, "-c", "eth1"),
    ],
)
def test_arguments(annotations: dict[str, str], name: str, expected: str | None) -> None:
    assert option(injected(pod(annotations)), name) == expected


def test_no_interception() -> None:
    found = injected(pod({annotation.INTERCEPTION_MODE: "NONE"}))
    assert [c["name"] for c in found["spec"]["initContainers"]] == ["istio-proxy"]
    assert environment(found)["ISTIO_META_INTERCEPTION_MODE"] == "NONE"


def test_tproxy_needs_root() -> None:
    context = container(injected(pod({annotation.INTERCEPTION_MODE: "TPROXY"})), "istio-proxy")["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]) == (0, 1337, False)
    assert context["capabilities"] == {"add": ["NET_ADMIN"], "drop": ["ALL"]}


def test_with_a_node_agent_the_pod_needs_no_privilege() -> None:
    found = injected(pod(), Settings(cni=True))
    check = container(found, "istio-validation")
    assert check["args"][-2:] == ["--run-validation", "--skip-rule-apply"]
    assert check["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert found["metadata"]["annotations"][annotation.EXCLUDE_INBOUND_PORTS] == "15020"


def test_the_proxys_metadata_reaches_istio_init() -> None:
    found = injected(pod({annotation.PROXY_CONFIG: "proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}"}))
    assert environment(found, "istio-init") == {"ISTIO_META_DNS_CAPTURE": "true"}
    assert environment(found)["ISTIO_META_DNS_CAPTURE"] == "true"
