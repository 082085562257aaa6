# SPDX-License-Identifier: Apache-2.0
"""What workloads accept, by PeerAuthentication."""

from __future__ import annotations

from typing import Any

from lateen.compile.security.peer_authentication import mtls_mode, namespace_mutual_tls
from lateen.model.security.peer_authentication import MutualTLSMode
from lateen.state.state import State
from tests.compile.mesh_documents import Document, document, mesh_of

STRICT, DISABLE, PERMISSIVE = MutualTLSMode.STRICT, MutualTLSMode.DISABLE, MutualTLSMode.PERMISSIVE


def policy(name: str, namespace: str, mode: str | None = None, *, created: str = "", **spec: Any) -> Document:
    if mode is not None:
        spec["mtls"] = {"mode": mode}
    metadata = {"creationTimestamp": created} if created else {}
    return document("PeerAuthentication", name, namespace, metadata=metadata, spec=spec)


def mode(state: State, labels: dict[str, str] | None = None, port: int = 80) -> MutualTLSMode:
    return mtls_mode(state.db, "shop", tuple(sorted((labels or {}).items())), port)


def test_everything_is_permissive_by_default() -> None:
    assert mode(mesh_of()) is PERMISSIVE


def test_namespace_beats_mesh() -> None:
    mesh = policy("mesh", "istio-system", "STRICT")
    assert mode(mesh_of(mesh)) is STRICT
    assert mode(mesh_of(mesh, policy("ns", "shop", "DISABLE"))) is DISABLE
    assert mode(mesh_of(mesh, policy("ns", "elsewhere", "DISABLE"))) is STRICT


def test_unset_inherits_and_is_permissive_for_the_mesh() -> None:
    mesh = policy("mesh", "istio-system", "STRICT")
    assert mode(mesh_of(mesh, policy("ns", "shop", "UNSET"))) is STRICT
    assert mode(mesh_of(mesh, policy("ns", "shop"))) is STRICT
    assert mode(mesh_of(policy("mesh", "istio-system", "UNSET"))) is PERMISSIVE


def test_a_selector_beats_the_namespace_and_ports_beat_both() -> None:
    selecting = policy(
        "web",
        "shop",
        "DISABLE",
        selector={"matchLabels": {"app": "web"}},
        portLevelMtls={8080: {"mode": "STRICT"}, 8081: {"mode": "UNSET"}},
    )
    state = mesh_of(policy("ns", "shop", "STRICT"), selecting)
    assert mode(state, {"app": "web", "v": "1"}, 80) is DISABLE
    assert mode(state, {"app": "web"}, 8080) is STRICT
    assert mode(state, {"app": "web"}, 8081) is DISABLE
    assert mode(state, {"app": "api"}, 8080) is STRICT


def test_the_oldest_of_a_scope_wins() -> None:
    selector = {"matchLabels": {"app": "web"}}
    new = policy("a", "shop", "STRICT", created="2024-02-01T00:00:00Z", selector=selector)
    old = policy("b", "shop", "DISABLE", created="2024-01-01T00:00:00Z", selector=selector)
    assert mode(mesh_of(new, old), {"app": "web"}) is DISABLE
    new = policy("a", "shop", "STRICT", created="2024-02-01T00:00:00Z")
    old = policy("b", "shop", "DISABLE", created="2024-01-01T00:00:00Z")
    assert mode(mesh_of(new, old)) is DISABLE


def test_an_empty_selector_is_none() -> None:
    assert mode(mesh_of(policy("ns", "shop", "STRICT", selector={"matchLabels": {}}))) is STRICT


def test_a_selector_in_the_root_namespace_reaches_nobody() -> None:
    state = mesh_of(policy("web", "istio-system", "STRICT", selector={"matchLabels": {"app": "web"}}))
    assert mode(state, {"app": "web"}) is PERMISSIVE
    assert mtls_mode(state.db, "istio-system", (("app", "web"),), 80) is PERMISSIVE


def test_clients_see_only_what_holds_for_the_namespace() -> None:
    selecting = policy("web", "shop", "DISABLE", selector={"matchLabels": {"app": "web"}})
    assert namespace_mutual_tls(mesh_of(selecting, policy("ns", "shop", "STRICT")).db, "shop") is STRICT
