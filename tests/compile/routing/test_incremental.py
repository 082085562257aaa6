# SPDX-License-Identifier: Apache-2.0
"""An edit costs what it concerns, and leaves what a clean build would give."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from lateen.compile.proxy import snapshot
from lateen.compile.routing.sidecar_tables import known_hosts
from lateen.compile.scope import scope_of
from lateen.model.ref import Ref
from lateen.parse import documents
from lateen.state.state import State
from tests.compile.routing.worlds import apply, rule, service, sidecar, state, to

SERVICES = 60


def mesh() -> State:
    """Services in two namespaces on two ports, a third of them with a rule."""
    world = state(*(service(f"s{i}", f"ns{i % 2}", f"10.2.0.{i}", 80 + i % 3) for i in range(SERVICES)))
    apply(world, *(rule(f"r{i}", f"s{i}", to(f"s{i}"), f"ns{i % 2}") for i in range(0, SERVICES, 3)))
    return world


def computations(world: State, *texts: str) -> Counter[str]:
    world.db.computed = []
    apply(world, *texts)
    world.db.refresh()
    counted = Counter(name.rpartition(".")[2] for name, _ in world.db.computed)
    world.db.computed = None
    return counted


def test_an_edit_of_a_rule_recomputes_its_own_virtual_host() -> None:
    world = mesh()
    workloads = [sidecar("ns0"), sidecar("ns1", "10.1.0.2"), sidecar("elsewhere", "10.1.0.3")]
    for workload in workloads:
        world.db.pin(snapshot, workload)
    edited = rule("r6", "s6", "timeout: 3s, route: [{destination: {host: s6}}]", "ns0")
    counted = computations(world, edited)
    # s6 has port 80 alone: one virtual host in the table 80 of each namespace. Those of the two namespaces that are not
    # its own are the same, and are made once.
    assert counted["known_host"] == 3
    assert counted["ruled_virtual_host"] == 2
    for untouched in ("draft_plan", "table_plan", "known_hosts", "plain_virtual_host", "services_by_port"):
        assert counted[untouched] == 0
    assert sum(counted.values()) < 30


def test_an_edit_among_5000_services_stays_as_small() -> None:
    """What the edit does not concern is not computed again, however much of it there is."""
    world = State()
    many = 5_000
    apply(world, "---".join(service(f"s{i}", f"ns{i % 2}", f"10.{i // 250}.0.{i % 250}") for i in range(many)))
    apply(world, "---".join(rule(f"r{i}", f"s{i}", to(f"s{i}"), f"ns{i % 2}") for i in range(0, many, 50)))
    world.db.pin(known_hosts, scope_of(world.db, sidecar("ns0")), "80")
    counted = computations(world, rule("r50", "s50", "timeout: 3s, route: [{destination: {host: s50}}]", "ns0"))
    assert counted["known_host"] == counted["ruled_virtual_host"] == 1
    assert sum(counted.values()) < 10


def test_a_new_rule_leaves_other_virtual_hosts_alone() -> None:
    world = mesh()
    world.db.pin(snapshot, sidecar("ns0"))
    counted = computations(world, rule("new", "s1.ns1.svc.cluster.local", to("s1"), "ns1"))
    # It turns the default route of s1 on its port 81 into a rule's, and adds the name on port 80.
    assert counted["ruled_virtual_host"] == 2
    assert counted["plain_virtual_host"] == 0


def test_clients_for_whom_a_rule_comes_to_the_same_share_the_bytes() -> None:
    world = mesh()
    first, second = (scope_of(world.db, sidecar(ns)) for ns in ("a", "b"))
    ours, theirs = known_hosts(world.db, first, "80"), known_hosts(world.db, second, "80")
    assert ours.keys() == theirs.keys()
    assert all(ours[name] is theirs[name] for name in ours)


POOL = {
    "catalog": service("catalog", "plaza", "10.2.0.1"),
    "catalog-moved": service("catalog", "plaza", "10.2.0.2", 8080),
    "basket": service("basket", "market", "10.2.0.1"),
    "rule": rule("rule", "catalog", to("basket.market.svc.cluster.local")),
    "rule-changed": rule("rule", "catalog, basket.market", 'match: [{sourceNamespace: plaza}], redirect: {uri: "/x"}'),
    "wild": rule("wild", '"*.market.svc.cluster.local"', to("basket"), "market"),
    "root": rule("root", "basket.market.svc.cluster.local", "delegate: {name: leaf, namespace: plaza}", "market"),
    "leaf": """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: leaf, namespace: plaza}
spec: {http: [{route: [{destination: {host: catalog}}]}]}
""",
    "hash": """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: hash, namespace: plaza}
spec: {host: catalog, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}}
""",
    "alias": """
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: plaza}
spec: {type: ExternalName, externalName: basket.market.svc.cluster.local}
""",
    "sidecar": """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: s, namespace: market}
spec: {egress: [{hosts: [./*]}], outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
""",
}
OBJECTS = {name: documents(text, name).objects[0].object for name, text in POOL.items()}
WORKLOADS = (sidecar("plaza", app="web"), sidecar("market", "10.1.0.2"))


def everything(world: State) -> list[dict[str, bytes]]:
    """The bytes of every route table and virtual host of all proxies."""
    found = []
    for workload in WORKLOADS:
        shot = snapshot(world.db, workload)
        layers = [*shot.routes, *(layer for hosts in shot.virtual_hosts.values() for layer in hosts)]
        found.append({name: blob.body for layer in layers for name, blob in layer.items()})
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(OBJECTS)), st.booleans()), min_size=1, max_size=14))
def test_any_history_gives_the_bytes_of_a_clean_build(edits: list[tuple[str, bool]]) -> None:
    world = State()
    for workload in WORKLOADS:
        world.db.pin(snapshot, workload)
    held: dict[Ref, str] = {}
    for name, there in edits:
        subject = OBJECTS[name]
        world.apply([(subject.ref, subject if there else None)])
        world.db.refresh()
        held.pop(subject.ref, None)
        if there:
            held[subject.ref] = name
    clean = State()
    clean.apply((ref, OBJECTS[name]) for ref, name in sorted(held.items(), reverse=True))
    assert everything(world) == everything(clean)
