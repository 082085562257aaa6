# SPDX-License-Identifier: Apache-2.0
"""What the annotation for strict egress changes in clusters and routes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.extensions.clusters.dynamic_forward_proxy.v3.cluster_pb2 import ClusterConfig
from envoy.type.matcher.v3.address_pb2 import AddressMatcher
from google.protobuf.unknown_fields import UnknownFieldSet

from lateen.compile.clusters.layers import outbound_clusters
from lateen.compile.proxy import snapshot
from lateen.compile.scope import scope_of
from lateen.compile.services.strict_egress import ANNOTATION
from lateen.model.diagnostic import Diagnostic
from lateen.state.state import State
from tests.compile.mesh_documents import Document, client, clusters, document, entry, mesh_of
from tests.compile.routing.worlds import hosts

STRICT = {ANNOTATION: "true"}
EXACT = "outbound|80||api.vendor.test"
WILDCARD = "outbound|80||*.vendor.test"
PORTS = [
    {"number": 80, "name": "http", "protocol": "HTTP"},
    {"number": 443, "name": "tls", "protocol": "TLS"},
    {"number": 5432, "name": "tcp", "protocol": "TCP"},
]


def vendor(host: str, **more: Any) -> Document:
    return entry("vendor", host, resolution="NONE", location="MESH_EXTERNAL", **more)


def messages(world: State) -> list[Cluster]:
    """All outbound clusters of a sidecar."""
    layers = outbound_clusters(world.db, scope_of(world.db, client()))
    return [Cluster.FromString(blob.body) for blob in layers.values()]


def strict_mesh(annotation: str = "true", name: str = "istio-system") -> Document:
    return document("Namespace", name, "", metadata={"annotations": {ANNOTATION: annotation}})


def test_without_it_the_client_chooses_the_address() -> None:
    found = clusters(mesh_of(vendor("api.vendor.test")))
    assert found[EXACT]["type"] == "ORIGINAL_DST"


def test_the_name_of_an_entry_decides_the_address() -> None:
    found = clusters(mesh_of(vendor("api.vendor.test", annotations=STRICT)))
    assert found[EXACT]["type"] == "STRICT_DNS"
    (group,) = found[EXACT]["loadAssignment"]["endpoints"]
    address = group["lbEndpoints"][0]["endpoint"]["address"]["socketAddress"]
    assert (address["address"], address["portValue"]) == ("api.vendor.test", 80)


def test_a_wildcard_is_looked_up_by_the_name_in_the_request() -> None:
    found = clusters(mesh_of(vendor("*.vendor.test", annotations=STRICT)))
    assert found[WILDCARD]["clusterType"]["name"] == "envoy.clusters.dynamic_forward_proxy"


def test_connections_that_name_no_host_have_no_way_through_a_wildcard() -> None:
    world = mesh_of(vendor("*.vendor.test", annotations=STRICT, ports=PORTS))
    world.db.pin(snapshot, client())
    found = clusters(world)
    assert {WILDCARD, "outbound|443||*.vendor.test"} <= set(found)
    assert not [name for name in found if name.startswith("outbound|5432|")]
    (report,) = [r for r in world.db.reports() if isinstance(r, Diagnostic) and r.code == "strict-egress"]
    assert report.message.startswith("port 5432 (TCP) of *.vendor.test is left out")


def test_a_mistyped_value_does_not_open_what_was_to_be_closed() -> None:
    world = mesh_of(vendor("api.vendor.test", annotations={ANNOTATION: "yes"}))
    world.db.pin(snapshot, client())
    assert clusters(world)[EXACT]["type"] == "STRICT_DNS"
    (report,) = [r for r in world.db.reports() if isinstance(r, Diagnostic) and r.code == "strict-egress"]
    assert report.message == f"'yes' is no value of the annotation {ANNOTATION}; taken for 'true'"


def test_the_entrys_own_endpoints_stay() -> None:
    own: dict[str, Any] = {"resolution": "STATIC", "endpoints": [{"address": "192.0.2.1"}]}
    plain = clusters(mesh_of(entry("vendor", "api.vendor.test", **own)))
    assert clusters(mesh_of(entry("vendor", "api.vendor.test", annotations=STRICT, **own))) == plain


@pytest.mark.parametrize(
    ("namespace", "strict"),
    [
        (strict_mesh(), True),
        (strict_mesh("false"), False),
        (strict_mesh(name="default"), False),
    ],
)
def test_the_root_namespace_makes_the_whole_mesh_strict(namespace: Document, strict: bool) -> None:
    found = clusters(mesh_of(namespace, vendor("api.vendor.test", annotations={ANNOTATION: "false"})))
    assert found[EXACT]["type"] == ("STRICT_DNS" if strict else "ORIGINAL_DST")


def forbidden(world: State) -> set[str]:
    """The addresses that names under the wildcard may not have."""
    config = ClusterConfig()
    (cluster,) = [c for c in messages(world) if c.name == WILDCARD]
    assert cluster.cluster_type.typed_config.Unpack(config)
    # The generated message does not know the field yet.
    unknown = UnknownFieldSet(config.dns_cache_config)
    fields = [unknown[at].data for at in range(len(unknown))]
    return {block for data in fields for block in blocks(AddressMatcher.FromString(data))}


def blocks(matcher: AddressMatcher) -> list[str]:
    return [f"{one.address_prefix}/{one.prefix_len.value}" for one in matcher.ranges]


LINK_LOCAL, PRIVATE = "169.254.0.0/16", "10.0.0.0/8"


@pytest.mark.parametrize(
    ("mesh", "own", "expected"),
    [
        ("false", "false", set()),
        ("false", "true", {LINK_LOCAL}),
        ("false", "public", {LINK_LOCAL, PRIVATE}),
        ("true", "false", {LINK_LOCAL}),
        ("true", "public", {LINK_LOCAL, PRIVATE}),
        ("public", "true", {LINK_LOCAL, PRIVATE}),
    ],
)
def test_names_under_a_wildcard_do_not_lead_to_the_machines_own_network(
    mesh: str, own: str, expected: set[str]
) -> None:
    # A name that somebody else may register must not open what only the proxy can reach.
    entry_ = entry("vendor", "*.vendor.test", resolution="DYNAMIC_DNS", annotations={ANNOTATION: own})
    assert forbidden(mesh_of(strict_mesh(mesh), entry_)) & {LINK_LOCAL, PRIVATE} == expected


@pytest.mark.parametrize(
    ("port", "taken", "refused"),
    [
        (80, ["api.vendor.test", "api.vendor.test:80"], ["api.vendor.test:22", "api.vendor.test:8080"]),
        (8080, ["api.vendor.test:8080"], ["api.vendor.test", "api.vendor.test:80", "api.vendor.test:80808"]),
    ],
)
def test_a_request_cannot_name_another_port_of_a_wildcard(port: int, taken: list[str], refused: list[str]) -> None:
    ports = [{"number": port, "name": "http", "protocol": "HTTP"}]
    world = mesh_of(vendor("*.vendor.test", annotations=STRICT, ports=ports))
    routes = hosts(world, client(), str(port))[f"*.vendor.test:{port}"].routes
    (condition,) = [header for header in routes[0].match.headers if header.name == ":authority"]
    allowed = re.compile(condition.string_match.safe_regex.regex)
    assert all(allowed.fullmatch(authority) for authority in taken)
    assert not any(allowed.fullmatch(authority) for authority in refused)


def test_a_named_host_needs_no_condition_on_the_port() -> None:
    world = mesh_of(vendor("api.vendor.test", annotations=STRICT))
    (route,) = hosts(world, client(), "80")["api.vendor.test:80"].routes
    assert not route.match.headers
