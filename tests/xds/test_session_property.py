# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in whatever order, an Envoy ends up with what it should hold, and is sent nothing twice."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST, Blob
from lateen.envoy.snapshot import Snapshot
from lateen.incremental.table import Table
from lateen.xds.batch import Composer
from lateen.xds.session import Session
from tests.xds.envoy_model import REFUSED, UNBUILDABLE, EnvoyModel, references, revision

CLUSTERS = tuple(f"c{i}" for i in range(4))
TABLES = ("80", "81", "9080")


def resource(url: str, name: str, number: int, *refers: str) -> Blob:
    return Blob(url, name, " ".join([name, str(number), *refers]).encode())


def random_state(random: Random, *, mistakes: bool) -> dict[str, dict[str, Blob]]:
    """A consistent configuration: hosts refer to clusters that exist, listeners to tables that exist."""

    def number(url: str) -> int:
        if mistakes and random.random() < 0.1:
            return random.choice((REFUSED, UNBUILDABLE)) if url == CLUSTER else REFUSED
        return random.randint(1, 3)

    state: dict[str, dict[str, Blob]] = {url: {} for url in (CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST)}

    def add(url: str, name: str, *refers: str) -> None:
        state[url][name] = resource(url, name, number(url), *refers)

    for name in CLUSTERS:
        if random.random() < 0.7:
            add(CLUSTER, name)
            add(ENDPOINT, name)
    for table in TABLES:
        if random.random() < 0.7:
            add(LISTENER, f"l{table}", table)
            add(ROUTE, table)
            for host in "xyz":
                if state[CLUSTER] and random.random() < 0.6:
                    add(VIRTUAL_HOST, f"{table}/{host}", random.choice(sorted(state[CLUSTER])))
    return state


class Tables:
    """Snapshots of states that share what has not changed, as the compiler makes them."""

    def __init__(self) -> None:
        self.last: dict[str, Table[str, Blob]] = {}

    def table(self, key: str, wanted: Mapping[str, Blob]) -> Table[str, Blob]:
        old = self.last.get(key, Table())
        changed = {name: blob for name, blob in wanted.items() if old.get(name) != blob}
        removed = tuple(name for name in old if name not in wanted)
        if changed or removed:
            old = self.last[key] = old.derive(changed, removed)
        return old

    def snapshot(self, state: dict[str, dict[str, Blob]], random: Random) -> Snapshot:
        def layers(url: str) -> tuple[Table[str, Blob], ...]:
            # Resources move between two layers, as a service does that is imported now and was local before.
            first = {name: blob for name, blob in state[url].items() if random.random() < 0.8}
            second = {name: blob for name, blob in state[url].items() if name not in first}
            return (self.table(url + "1", first), self.table(url + "2", second))

        return Snapshot(
            layers(CLUSTER),
            layers(ENDPOINT),
            layers(LISTENER),
            layers(ROUTE),
            {
                table: (
                    self.table(
                        f"hosts {table}",
                        {n: b for n, b in state[VIRTUAL_HOST].items() if n.rpartition("/")[0] == table},
                    ),
                )
                for table in state[ROUTE]
            },
        )


class World:
    """One server, one Envoy, and the bytes between them."""

    def __init__(self, random: Random, *, mistakes: bool) -> None:
        self.random = random
        self.mistakes = mistakes
        self.composer = Composer()
        self.tables = Tables()
        self.envoy = EnvoyModel()
        self.publish()
        self.connect()

    def connect(self) -> None:
        doubts = self.session.doubts() if hasattr(self, "session") else None
        self.session = Session(self.composer, lambda url, name: None, doubts=doubts)
        self.session.publish(self.current)
        self.to_envoy: list[bytes] = []

    def publish(self) -> None:
        self.state = random_state(self.random, mistakes=self.mistakes)
        self.current = self.tables.snapshot(self.state, self.random)
        if hasattr(self, "session"):
            self.session.publish(self.current)

    def reconnect(self) -> None:
        self.envoy.connect()
        self.connect()

    def write(self) -> bool:
        response = self.session.next_response()
        if response is not None:
            self.to_envoy.append(response.body())
        return response is not None

    def deliver(self) -> bool:
        if self.to_envoy:
            self.envoy.receive(self.to_envoy.pop(0))
            if not self.mistakes:
                self.check_references()
            return True
        return False

    def answer(self) -> bool:
        if self.envoy.requests:
            self.session.receive(self.envoy.requests.popleft())
            return True
        return False

    def settle(self) -> None:
        for _ in range(1000):
            if not any((self.write(), self.deliver(), self.answer())):
                return
        raise AssertionError("it never comes to rest")

    def check_references(self) -> None:
        """No host may send requests to a cluster that is not there.

        Not so where a table was dropped and came back: while the requests are on their way the server does not know of
        the table and may remove a cluster that it refers to.
        """
        for table, hosts in self.envoy.hosts.items():
            if table in self.envoy.resubscribed:
                continue
            for name, body in hosts.items():
                for cluster in references(body):
                    assert cluster in self.envoy.clusters, f"{name} refers to {cluster}, which is not there"

    def expected(self, url: str) -> dict[str, bytes]:
        return {name: blob.body for name, blob in self.state[url].items()}

    def check(self) -> None:
        envoy = self.envoy
        hosts = {name: body for table in envoy.hosts.values() for name, body in table.items()}
        held = {
            CLUSTER: envoy.clusters,
            ENDPOINT: envoy.endpoints,
            LISTENER: envoy.listeners,
            ROUTE: envoy.routes,
            VIRTUAL_HOST: hosts,
        }
        bad = {name for url in held for name, blob in self.state[url].items() if revision(blob.body) > 7}
        rejected = {r.name for r in self.session.status().rejections}
        for url, have in held.items():
            for name, body in self.expected(url).items():
                if revision(body) > 7:
                    assert have.get(name) != body
                elif self.reachable(url, name):
                    assert have.get(name) == body, f"{name} should be {body!r}, is {have.get(name)!r}"
            if url in (CLUSTER, LISTENER, VIRTUAL_HOST):
                assert set(have) <= set(self.expected(url)), "something was not removed"
        assert rejected <= bad
        assert set(envoy.routes) <= set(envoy.hosts), "a table was never answered"
        assert envoy.warming <= bad, "a cluster never got its endpoints"

    def reachable(self, url: str, name: str) -> bool:
        """Whether Envoy has a place for this resource: not if it belongs to something that was refused."""
        if url == VIRTUAL_HOST:
            return name.rpartition("/")[0] in self.envoy.routes
        if url == ENDPOINT:
            return name in self.envoy.clusters
        return url != ROUTE or name in self.envoy.subscribed[ROUTE]


@settings(max_examples=300, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.integers(0, 2**32), st.booleans(), st.sampled_from((10, 30, 100, 300)))
def test_envoy_ends_up_with_what_it_should_hold(seed: int, mistakes: bool, steps: int) -> None:
    random = Random(seed)
    world = World(random, mistakes=mistakes)
    actions = (
        [world.write, world.deliver, world.answer] * 6 + [world.publish] * 3 + [world.reconnect] * random.randint(0, 4)
    )
    for _ in range(steps):
        random.choice(actions)()
    world.settle()
    world.check()
    received = world.envoy.received
    world.session.publish(world.current)
    world.settle()
    assert world.envoy.received == received, "something was sent again"
    if not mistakes:
        world.reconnect()
        world.settle()
        world.check()
        assert world.envoy.received == received, "something was sent again after a reconnection"
