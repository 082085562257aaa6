# SPDX-License-Identifier: Apache-2.0
"""`EnvoyModel`: how Envoy treats what it is sent over delta ADS, as far as it was measured (`tests/xds/test_envoy_*`).

Resources are text: `NAME REVISION [REFERENCES…]`, where a listener refers to its route table and a virtual host to a
cluster. Revision 9 is refused: with its name by clusters and listeners, with the whole response by the other types;
clusters of revision 8 refuse the whole response.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST
from lateen.xds.wire import Request

REFUSED, UNBUILDABLE = 9, 8


def revision(body: bytes) -> int:
    return int(body.split()[1])


def references(body: bytes) -> list[str]:
    return [part.decode() for part in body.split()[2:]]


class EnvoyModel:
    """One Envoy. `requests` are what it has to say; `receive` takes responses."""

    def __init__(self) -> None:
        self.clusters: dict[str, bytes] = {}
        self.warming: set[str] = set()
        self.endpoints: dict[str, bytes] = {}
        self.listeners: dict[str, bytes] = {}
        self.routes: dict[str, bytes] = {}
        self.hosts: dict[str, dict[str, bytes]] = {}
        """Table -> its virtual hosts; a table that was not answered yet is missing."""
        self.versions: dict[str, dict[str, str]] = {
            url: {} for url in (CLUSTER, ENDPOINT, LISTENER, ROUTE, VIRTUAL_HOST)
        }
        self.subscribed: dict[str, set[str]] = {ENDPOINT: set(), ROUTE: set()}
        self.vhds_opened = False
        self.received = 0
        self.requests: deque[Request] = deque()
        self.withheld: list[Request] = []
        """Answers about clusters, held back while a cluster warms."""
        self.connect()

    def connect(self) -> None:
        """Begin a new stream, with what is held from the last one."""
        self.requests.clear()
        self.withheld.clear()
        self.dropped: set[str] = set()
        self.resubscribed: set[str] = set()
        """Tables that were dropped and are wanted again within this stream."""
        self._say(CLUSTER, claims=dict(self.versions[CLUSTER]))
        if self.subscribed[ENDPOINT]:
            self._say(ENDPOINT, sorted(self.subscribed[ENDPOINT]), claims=dict(self.versions[ENDPOINT]))
        self._say(LISTENER, claims=dict(self.versions[LISTENER]))
        if self.subscribed[ROUTE]:
            self._say(ROUTE, sorted(self.subscribed[ROUTE]), claims=dict(self.versions[ROUTE]))
        if self.vhds_opened:
            self._say(VIRTUAL_HOST, claims=dict(self.versions[VIRTUAL_HOST]))

    def _say(self, url: str, subscribe: Any = (), unsubscribe: Any = (), claims: Any = None) -> None:
        self.requests.append(
            Request(url, subscribe=tuple(subscribe), unsubscribe=tuple(unsubscribe), claims=claims or {})
        )

    def receive(self, data: bytes) -> None:
        response = DeltaDiscoveryResponse.FromString(data)
        self.received += len(response.resources)
        handle = {
            CLUSTER: self._take_clusters,
            ENDPOINT: self._take_endpoints,
            LISTENER: self._take_listeners,
            ROUTE: self._take_routes,
            VIRTUAL_HOST: self._take_hosts,
        }[response.type_url]
        changed = {r.name: r.resource.value for r in response.resources}
        versions = {r.name: r.version for r in response.resources}
        error = handle(changed, list(response.removed_resources))
        if error is None:
            wanted = self.subscribed.get(response.type_url, versions.keys())
            self.versions[response.type_url].update((n, v) for n, v in versions.items() if n in wanted)
            for name in response.removed_resources:
                self.versions[response.type_url].pop(name, None)
        answer = Request(response.type_url, nonce=response.nonce, error=error)
        if response.type_url == CLUSTER:
            self.withheld.append(answer)
        else:
            self.requests.append(answer)
        if not self.warming:
            self.requests += self.withheld
            self.withheld.clear()

    def _take_clusters(self, changed: dict[str, bytes], removed: list[str]) -> str | None:
        if any(revision(body) == UNBUILDABLE for body in changed.values()):
            return "Proto constraint validation failed"
        errors = []
        new = []
        for name, body in changed.items():
            if revision(body) == REFUSED:
                errors.append(f"{name}: refused")
                continue
            if self.clusters.get(name) == body:
                continue  # Envoy leaves a cluster alone that it has already.
            self.clusters[name] = body
            self.warming.add(name)
            if name not in self.subscribed[ENDPOINT]:
                new.append(name)
        gone = [name for name in removed if self.clusters.pop(name, None) is not None]
        self.warming -= set(gone)
        for name in gone:
            self.endpoints.pop(name, None)
            self.versions[ENDPOINT].pop(name, None)
        if new or gone:
            self.subscribed[ENDPOINT] |= set(new)
            self.subscribed[ENDPOINT] -= set(gone)
            self._say(ENDPOINT, new, gone)
        return f"Error adding/updating cluster(s) {', '.join(errors)}" if errors else None

    def _take_endpoints(self, changed: dict[str, bytes], removed: list[str]) -> str | None:
        for name, body in changed.items():
            if name not in self.subscribed[ENDPOINT]:
                continue
            if revision(body) == REFUSED:
                self.warming.clear()  # A refusal ends every wait for endpoints.
                return "malformed endpoint"
            self.endpoints[name] = body
            self.warming.discard(name)
        return None

    def _take_listeners(self, changed: dict[str, bytes], removed: list[str]) -> str | None:
        errors = []
        for name, body in changed.items():
            if revision(body) == REFUSED:
                errors.append(f"{name}: refused\n")
            else:
                self.listeners[name] = body
        for name in removed:
            self.listeners.pop(name, None)
        wanted = {table for body in self.listeners.values() for table in references(body)}
        new, gone = wanted - self.subscribed[ROUTE], self.subscribed[ROUTE] - wanted
        self.subscribed[ROUTE] = wanted
        for table in gone:
            self.routes.pop(table, None)
            self.hosts.pop(table, None)
            self.versions[ROUTE].pop(table, None)
            # The versions of its hosts stay: Envoy goes on claiming them.
        self.resubscribed |= new & self.dropped
        self.dropped |= gone
        if new or gone:
            self._say(ROUTE, sorted(new), sorted(gone))
        return f"Error adding/updating listener(s) {''.join(errors)}" if errors else None

    def _take_routes(self, changed: dict[str, bytes], removed: list[str]) -> str | None:
        for name, body in changed.items():
            if name not in self.subscribed[ROUTE]:
                continue
            if revision(body) == REFUSED:
                return "bad route table"
            self.routes[name] = body
            if not self.vhds_opened:
                self.vhds_opened = True
                self._say(VIRTUAL_HOST)
        return None

    def _take_hosts(self, changed: dict[str, bytes], removed: list[str]) -> str | None:
        tables = {name.rpartition("/")[0] for name in (*changed, *removed)}
        assert len(tables) <= 1, "one response carries one table"
        if any(revision(body) == REFUSED for body in changed.values()):
            for table in tables & self.routes.keys():
                self.hosts.setdefault(table, {})  # A refusal opens the listener, too.
            return "Only unique values for domains are permitted"
        for table in tables & self.routes.keys():
            hosts = self.hosts.setdefault(table, {})
            for name in removed:
                hosts.pop(name, None)
            hosts.update(changed)
        return None
