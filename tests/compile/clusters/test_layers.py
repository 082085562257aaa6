# SPDX-License-Identifier: Apache-2.0
"""Work after a change: which clusters and endpoints are computed again."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from lateen.compile.clusters.layers import load_assignments, outbound_clusters
from lateen.compile.scope import scope_of
from lateen.compile.workload import Locality
from lateen.parse import documents as parse
from lateen.state.state import State
from tests.compile.mesh_documents import Document, client, entry, mesh_of, rule, service

SERVICES = 40
POLICY: dict[str, Any] = {"outlierDetection": {}, "connectionPool": {"tcp": {"connectTimeout": "1s"}}}


@pytest.fixture
def state() -> State:
    documents = [service(f"s{n}", {f"10.1.{n}.1": {}, f"10.1.{n}.2": {}}) for n in range(SERVICES)]
    return mesh_of(*documents, rule("s7", "s7", trafficPolicy=POLICY, subsets=[{"name": "v1"}]))


def apply(state: State, *documents: Document) -> None:
    found = parse(yaml.safe_dump_all(documents), "edit.yaml").objects
    state.apply((one.object.ref, one.object) for one in found)


def recomputed(state: State, *documents: Document) -> list[str]:
    """The clusters and assignments that an edit has computed again, by host and subset."""
    scope = scope_of(state.db, client())
    for root in (outbound_clusters, load_assignments):
        state.db.pin(root, scope)
    state.db.refresh()
    apply(state, *documents)
    state.db.computed = []
    state.db.refresh()
    items = ("outbound_cluster_of", "load_assignment")
    found = [
        f"{name.rpartition('.')[2]} {args[0].hostname.partition('.')[0]} {args[2]}".strip()
        for name, args in state.db.computed
        if name.rpartition(".")[2] in items
    ]
    return sorted(found)


def test_an_edit_of_a_policy_computes_its_clusters(state: State) -> None:
    other = POLICY | {"connectionPool": {"tcp": {"connectTimeout": "2s"}}}
    found = recomputed(state, rule("s7", "s7", trafficPolicy=other, subsets=[{"name": "v1"}]))
    assert found == [
        "load_assignment s7",
        "load_assignment s7 v1",
        "outbound_cluster_of s7",
        "outbound_cluster_of s7 v1",
    ]


def test_a_pod_that_becomes_ready_computes_the_endpoints_of_its_service(state: State) -> None:
    edit = service("s9", {"10.1.9.1": {}, "10.1.9.2": {"ready": False}})[-1]
    assert recomputed(state, edit) == ["load_assignment s9"]


def test_a_new_identity_behind_a_service_computes_its_cluster(state: State) -> None:
    edit = service("s9", {"10.1.9.1": {}})[1]
    edit["spec"]["serviceAccountName"] = "another"
    assert recomputed(state, edit) == ["load_assignment s9", "outbound_cluster_of s9"]


def test_a_new_subset_adds_one_cluster(state: State) -> None:
    edit = rule("s7", "s7", trafficPolicy=POLICY, subsets=[{"name": "v1"}, {"name": "v2", "labels": {"v": "2"}}])
    found = recomputed(state, edit)
    assert "outbound_cluster_of s7 v2" in found
    assert all(" s7" in one for one in found)


def test_a_new_rule_computes_the_clusters_of_its_host(state: State) -> None:
    found = recomputed(state, rule("s3", "s3", trafficPolicy=POLICY))
    assert found == ["load_assignment s3", "outbound_cluster_of s3"]


def test_a_new_service_computes_only_its_own(state: State) -> None:
    assert recomputed(state, entry("ext", "ext.example", resolution="DNS")) == ["outbound_cluster_of ext"]


def test_proxies_share_what_does_not_depend_on_where_they_are(state: State) -> None:
    here, there = (client(locality=Locality("r1", zone)) for zone in "ab")
    layers = [
        (outbound_clusters(state.db, scope), load_assignments(state.db, scope))
        for scope in (scope_of(state.db, here), scope_of(state.db, there))
    ]
    different = [
        {name for name in mine if mine[name] is not theirs[name]} for mine, theirs in zip(*layers, strict=True)
    ]
    ranked = {f"outbound|8080|{subset}|s7.default.svc.cluster.local" for subset in ("", "v1")}
    assert different == [set(), ranked]


def test_other_namespaces_share_the_same_clusters(state: State) -> None:
    mine, theirs = (outbound_clusters(state.db, scope_of(state.db, client(ns))) for ns in ("default", "elsewhere"))
    assert mine.keys() == theirs.keys()
    assert all(mine[name] is theirs[name] for name in mine)
