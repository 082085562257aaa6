# SPDX-License-Identifier: Apache-2.0
"""What streams share: the bytes of responses, sets of names. A thousand proxies cost little more than one."""

from __future__ import annotations

import tracemalloc

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, Blob
from lateen.envoy.snapshot import Layer, Snapshot
from lateen.incremental.table import Table
from lateen.xds.batch import Composer
from lateen.xds.session import Session
from lateen.xds.wire import Request, read_request

COUNT = 1000


def layer(url: str, *names: str) -> Layer:
    return Table({name: Blob(url, name, f"the body of {name}".encode()) for name in names})


def snapshot() -> Snapshot:
    services = [f"outbound|80||svc-{i}.bench.svc.cluster.local" for i in range(COUNT)]
    return Snapshot(
        (layer(CLUSTER, *services),),
        (layer(ENDPOINT, *services),),
        (layer(LISTENER, "0.0.0.0_80"),),
        (layer(ROUTE, "80"),),
        {"80": (layer(VIRTUAL_HOST, *(f"80/svc-{i}" for i in range(COUNT))),)},
    )


def connect(composer: Composer, of: Snapshot) -> tuple[Session, list[bytes]]:
    """A proxy that asks for everything, in messages of its own, and acknowledges it."""
    session = Session(composer, lambda url, name: None)
    session.publish(of)
    received: list[bytes] = []

    def say(request: DeltaDiscoveryRequest) -> None:
        session.receive(read_request(request.SerializeToString()))
        while (response := session.next_response()) is not None:
            body = response.body()
            received.append(body)
            nonce = DeltaDiscoveryResponse.FromString(body).nonce
            session.receive(Request(request.type_url, nonce=nonce))

    say(DeltaDiscoveryRequest(type_url=CLUSTER))
    clusters = DeltaDiscoveryResponse.FromString(received[0])
    say(DeltaDiscoveryRequest(type_url=ENDPOINT, resource_names_subscribe=[r.name for r in clusters.resources]))
    say(DeltaDiscoveryRequest(type_url=LISTENER))
    say(DeltaDiscoveryRequest(type_url=ROUTE, resource_names_subscribe=["80"]))
    say(DeltaDiscoveryRequest(type_url=VIRTUAL_HOST))
    return session, received


def test_streams_with_the_same_snapshot_are_sent_the_same_bytes() -> None:
    composer, of = Composer(), snapshot()
    _, first = connect(composer, of)
    _, second = connect(composer, of)
    assert [len(DeltaDiscoveryResponse.FromString(body).resources) for body in first] == [COUNT, COUNT, 1, 1, COUNT]
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_resources_are_framed_once_for_snapshots_that_share_them() -> None:
    composer, of = Composer(), snapshot()
    own = of._replace(clusters=(*of.clusters, layer(CLUSTER, "inbound|8080||")))
    connect(composer, of)
    framed = {name: blob.wire for name, blob in of.clusters[0].items()}
    _, received = connect(composer, own)
    assert all(blob.wire is framed[name] for name, blob in of.clusters[0].items())
    names = {r.name for r in DeltaDiscoveryResponse.FromString(received[0]).resources}
    assert names == {*of.clusters[0], "inbound|8080||"}


def test_a_stream_holds_no_names_and_no_bodies_of_its_own() -> None:
    composer, of = Composer(), snapshot()
    kept = [connect(composer, of)[0]]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept += [connect(composer, of)[0] for _ in range(50)]
        each = (tracemalloc.get_traced_memory()[0] - before) / 50
    finally:
        tracemalloc.stop()
    assert len(kept) == 51
    assert each < 8_000, "bytes for each stream; its 3,000 names alone would be 200,000"


def test_an_edit_is_composed_once() -> None:
    composer, of = Composer(), snapshot()
    sessions = [connect(composer, of)[0] for _ in range(3)]
    hosts = of.virtual_hosts["80"][0]
    edited = of._replace(virtual_hosts={"80": (hosts.derive({"80/svc-0": Blob(VIRTUAL_HOST, "80/svc-0", b"new")}),)})
    bodies = []
    for session in sessions:
        session.publish(edited)
        response = session.next_response()
        assert response is not None
        bodies.append(response.body())
        assert session.next_response() is None
    assert bodies[0] is bodies[1] is bodies[2]
    assert [r.resource.value for r in DeltaDiscoveryResponse.FromString(bodies[0]).resources] == [b"new"]
    assert len(bodies[0]) < 200
