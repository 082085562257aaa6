# SPDX-License-Identifier: Apache-2.0
"""`HostTables`: the virtual hosts of every route table on one stream (VHDS).

A client never says which tables' hosts it wants: it opens VHDS once for the whole stream, and a table is wanted because
its RouteConfiguration is. What Envoy does with the hosts it gets decides the rules here:

- Hosts that arrive before their table are acknowledged and dropped, and a table that was dropped and comes back is
  asked for through RDS alone. So a subscription to a table means that all its hosts follow it, sent before or not.
- A refused response may have carried tables that are good. They are sent again, and so are their hosts.
- What a reconnecting client says it holds is true only of tables that it holds as well.
- A table's listener opens once the table got an answer. An empty response is none; a removal, of any name, is one.
- A domain moves between hosts only if both change in one response: changes and removals of a table travel together.
- Envoy rebuilds the whole table for each response: one at a time, and what changes meanwhile goes into the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lateen.envoy.blob import VIRTUAL_HOST
from lateen.envoy.snapshot import Snapshot
from lateen.xds.batch import Batch, Composer
from lateen.xds.layers import find
from lateen.xds.names import NO_NAMES, Names
from lateen.xds.refusal import Rejection
from lateen.xds.subscription import Origin, Subscription


def table_of(name: str) -> str:
    """The route table that Envoy takes a virtual host for: all before the last slash of its resource name."""
    return name.rpartition("/")[0]


class HostTables:
    """One subscription per route table; `blocked` while one of them waits for an acknowledgement to go on."""

    __slots__ = (
        "_again",
        "_claimed_tables",
        "_claims",
        "_composer",
        "_crossed",
        "_held_tables",
        "_refused_tables",
        "_tables",
        "blocked",
        "distrusted",
        "opened",
    )

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self.opened = False
        self.blocked = False
        self._tables: dict[str, Subscription] = {}
        self._again: set[str] = set()
        """Tables whose hosts have to be sent again, though the client may hold some: the table was not in the snapshot
        for a while, or was refused."""
        self._claims: dict[str, dict[str, str]] = {}
        self._crossed: dict[str, Names] = {}
        """Hosts of dropped tables whose response and the client's request crossed each other."""
        self.distrusted: Names = NO_NAMES
        """Tables of which the client may claim hosts that it does not hold."""
        self._claimed_tables: Names = NO_NAMES
        self._held_tables: Names = NO_NAMES
        self._refused_tables: Names = NO_NAMES

    def open(self, claims: Mapping[str, str]) -> None:
        """The client's first VHDS request. `claims` is believed for the tables that it holds."""
        self.opened = True
        for name, version in claims.items():
            self._claims.setdefault(table_of(name), {})[name] = version

    def may_hold_hosts(self, snapshot: Snapshot) -> bool:
        """Whether the client brought a route table with virtual hosts of its own from an earlier stream."""
        return not self._claimed_tables.isdisjoint(snapshot.virtual_hosts)

    def tables_claimed(self, tables: Iterable[str]) -> None:
        """The client's first RDS request said that it holds these route tables."""
        self._claimed_tables = self._composer.name_sets.shared(tables)
        self.tables_held(tables)

    def tables_held(self, tables: Iterable[str]) -> None:
        """The client holds these route tables."""
        if not self._held_tables.issuperset(tables):
            self._held_tables = self._composer.name_sets.shared(self._held_tables.union(tables))
        if self._refused_tables:
            self._refused_tables = self._refused_tables.difference(tables)

    def tables_refused(self, tables: Iterable[str]) -> None:
        """The client refused a response with these route tables: those that it did not hold before have no place for
        the hosts that follow them."""
        self._refused_tables = self._refused_tables.union(tables) - self._held_tables

    def tables_sent(self, tables: Iterable[str]) -> None:
        """These route tables are on their way; what followed them when they were refused follows them again."""
        if self._refused_tables:
            self._again.update(self._refused_tables.intersection(tables))

    def tables_dropped(self, tables: Iterable[str]) -> None:
        """The client subscribed to these tables anew, or dropped them: it holds none of their hosts.

        But for those of a response that was on its way: by the time it arrived the client may have subscribed again.
        """
        for table in tables:
            dropped = self._tables.pop(table, None)
            if dropped is not None and dropped.sent:
                self._crossed[table] = self._crossed.get(table, NO_NAMES).union(*(b.changed for b in dropped.sent))
            self._again.discard(table)
            self._claims.pop(table, None)
        self._claimed_tables = self._claimed_tables.difference(tables)
        self._held_tables = self._held_tables.difference(tables)

    def acknowledge(self, nonce: str) -> None:
        any(table.acknowledge(nonce) for table in self._tables.values())

    def refuse(self, nonce: str, reason: str, origin: Origin) -> list[Rejection]:
        for table in self._tables.values():
            if any(batch.nonce == nonce for batch in table.sent):
                return table.refuse(nonce, reason, origin)
        return []

    def due(self, snapshot: Snapshot, routes: Subscription) -> Batch | None:
        """The next response. Every RouteConfiguration that `routes` owes has to be on its way already."""
        self.blocked = False
        if not self.opened or not routes.opened:
            return None
        for name in self._tables:
            if name not in snapshot.virtual_hosts:
                self._again.add(name)
        for name, hosts in snapshot.virtual_hosts.items():
            if not routes.wants(name):
                continue
            table = self._tables.get(name)
            if table is None:
                if find(snapshot.routes, name) is None:
                    continue
                table = self._tables[name] = self._new(name)
            if name in self._again:
                self._again.discard(name)
                table.send_again(hosts)
            if not table.pending(hosts):
                continue
            if table.sent:
                self.blocked = True
                continue
            batch = table.due(hosts)
            if batch is not None:
                self.blocked = True
                return batch
        if self._claims:
            self._claims = {}
        return None

    def pending(self, snapshot: Snapshot, routes: Subscription) -> bool:
        """Whether a table that is wanted has not been sent all of its hosts."""
        return self.blocked or any(
            routes.wants(name)
            and find(snapshot.routes, name) is not None
            and (name not in self._tables or self._tables[name].pending(hosts))
            for name, hosts in snapshot.virtual_hosts.items()
        )

    def unsettled(self, snapshot: Snapshot, routes: Subscription) -> Names:
        """Tables of which the client may claim hosts that it does not hold, if the stream ends now: it was not seen to
        have taken their hosts since it has the table."""
        found = []
        for name, hosts in snapshot.virtual_hosts.items():
            if routes.wants(name):
                table = self._tables.get(name)
                believed = name in self._claimed_tables and name not in self.distrusted
                if not believed if table is None else table.sent or table.pending(hosts):
                    found.append(name)
        return self._composer.name_sets.shared(found)

    def subscriptions(self) -> Iterator[Subscription]:
        yield from self._tables.values()

    def _new(self, name: str) -> Subscription:
        table = Subscription(VIRTUAL_HOST, self._composer, removals_last=False, placeholder=f"{name}/-")
        claims = self._claims.pop(name, {})
        table.doubtful = self._crossed.pop(name, NO_NAMES)
        if name not in self._claimed_tables or name in self.distrusted:
            table.doubtful = table.doubtful.union(claims)
        table.open_all(claims)
        return table
