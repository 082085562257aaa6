# SPDX-License-Identifier: Apache-2.0
"""`Session`: the delta xDS protocol of one aggregated stream, without I/O.

Events go in (`receive` a request, `publish` a snapshot, `secrets_changed`), responses come out one at a time through
`next_response`, which always works towards the newest snapshot: what changed while a response was on its way is part of
the next one, so a burst needs no timer and a slow client no queue.

The order of responses is what keeps requests from failing: clusters, the endpoints of every cluster that was sent,
secrets, listeners, route tables, their virtual hosts, and only then what nothing refers to any more. Nothing waits for
an acknowledgement but the next response for the virtual hosts of one table. A new snapshot starts again at the top.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST
from lateen.envoy.snapshot import Snapshot
from lateen.xds.batch import Batch, Composer, Response
from lateen.xds.names import Names
from lateen.xds.refusal import Rejection
from lateen.xds.secret_subscription import SecretLookup, SecretSubscription
from lateen.xds.status import Status, Sync
from lateen.xds.subscription import Origin, Subscription
from lateen.xds.virtual_hosts import HostTables
from lateen.xds.wire import Request

_WILDCARD_TYPES = frozenset({CLUSTER, LISTENER})
"""Types of which a first request without names means all of them; for the others it means none."""

_SHORT = {CLUSTER: "CDS", ENDPOINT: "EDS", LISTENER: "LDS", ROUTE: "RDS", SECRET: "SDS"}


Doubts: TypeAlias = Mapping[str, Names]
"""Type URL -> names of which a proxy may claim the wrong version on its next stream.

Envoy records no version of a response that it refused, though a part of it took effect; it claims a
cluster that is warming, though the endpoints that it needs again may not have arrived; it claims the hosts of a table
that it dropped, and may have the table again without them. A stream that ends leaves what it did not see acknowledged
to the next one of the same proxy. Under the type URL of virtual hosts the names are those of tables.
"""


class Session:
    """One stream of one proxy. `secret` looks up what this proxy may have; None if it may have no secrets here."""

    __slots__ = (
        "_clusters",
        "_composer",
        "_endpoints",
        "_holds_listeners",
        "_hosts",
        "_ignored",
        "_listeners",
        "_live",
        "_origin",
        "_returning",
        "_routes",
        "_secrets",
        "_snapshot",
        "_types",
        "restless",
    )

    def __init__(
        self,
        composer: Composer,
        origin: Origin,
        secret: SecretLookup | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        self._composer = composer
        self._origin = origin
        self._snapshot: Snapshot | None = None
        self._clusters = Subscription(CLUSTER, composer)
        self._endpoints = Subscription(ENDPOINT, composer)
        self._listeners = Subscription(LISTENER, composer)
        self._routes = Subscription(ROUTE, composer)
        self._hosts = HostTables(composer)
        self._secrets = SecretSubscription(composer, secret) if secret else None
        self._types = {s.type_url: s for s in (self._clusters, self._endpoints, self._listeners, self._routes)}
        if self._secrets is not None:
            self._types[SECRET] = self._secrets
        for url, doubtful in (doubts or {}).items():
            if url in self._types:
                self._types[url].doubtful = doubtful
            elif url == VIRTUAL_HOST:
                self._hosts.distrusted = doubtful
        self._live = self._returning = bool(doubts)
        self._holds_listeners = False
        self.restless = False
        """Whether `next_response` may have something: set by events, unset when it had nothing."""
        self._ignored: tuple[str, ...] = ()

    # Events

    def ready(self) -> bool:
        """Whether there is a snapshot to work towards."""
        return self._snapshot is not None

    def publish(self, snapshot: Snapshot) -> None:
        """This is what the proxy should hold from now on."""
        self._snapshot = snapshot
        self.restless = True

    def secrets_changed(self) -> None:
        """Some secret may be another one than it was."""
        if self._secrets is not None:
            self._secrets.stale = True
            self.restless = True

    def receive(self, request: Request) -> list[Rejection]:
        """A request of the client. Returns what it turned out to have refused."""
        plain_acknowledgement = (
            request.nonce and request.error is None and not (request.subscribe or request.unsubscribe)
        )
        if not plain_acknowledgement or self._hosts.blocked:
            self.restless = True
        if request.type_url == VIRTUAL_HOST:
            return self._receive_hosts(request)
        subscription = self._types.get(request.type_url)
        if subscription is None:
            if request.type_url not in self._ignored:
                self._ignored += (request.type_url,)
            return []
        rejections: list[Rejection] = []
        if request.nonce:
            rejections = self._receive_answer(subscription, request)
        first = not subscription.asked and not (request.nonce and not request.subscribe)
        if first:
            self._open(subscription, request)
            return rejections
        if request.unsubscribe:
            subscription.unsubscribe(request.unsubscribe)
        if request.subscribe:
            subscription.subscribe(request.subscribe)
        if subscription is self._routes:
            self._hosts.tables_dropped((*request.unsubscribe, *request.subscribe))
        return rejections

    def _receive_answer(self, subscription: Subscription, request: Request) -> list[Rejection]:
        if request.error is None:
            taken = subscription.acknowledge(request.nonce)
            if taken is not None and subscription is self._routes:
                self._hosts.tables_held(taken.changed)
            return []
        if subscription is self._routes:
            for batch in self._routes.sent:
                if batch.nonce == request.nonce:
                    self._hosts.tables_refused(batch.changed)
        return subscription.refuse(request.nonce, request.error, self._origin)

    def _open(self, subscription: Subscription, request: Request) -> None:
        subscription.asked = True
        everything = "*" in request.subscribe or (not request.subscribe and request.type_url in _WILDCARD_TYPES)
        if everything:
            subscription.open_all(request.claims)
        else:
            subscription.open_named(request.subscribe, request.claims)
        if subscription is self._clusters and request.claims:
            self._live = self._returning = True
        if subscription is self._listeners:
            self._holds_listeners = bool(request.claims)
        if subscription is self._routes:
            self._hosts.tables_claimed(request.claims.keys() - subscription.doubtful)

    def _receive_hosts(self, request: Request) -> list[Rejection]:
        if request.error is not None:
            return self._hosts.refuse(request.nonce, request.error, self._origin)
        if request.nonce:
            self._hosts.acknowledge(request.nonce)
        elif not self._hosts.opened:
            self._hosts.open(request.claims)
        return []

    def doubts(self) -> Doubts:
        """What a stream of the same proxy must not believe: see `Doubts`."""
        found = {url: s.doubtful.union(*(b.changed for b in s.sent)) for url, s in self._types.items()}
        if self._snapshot is not None:
            found[VIRTUAL_HOST] = self._hosts.unsettled(self._snapshot, self._routes)
        share = self._composer.name_sets.shared
        return {url: share(names) for url, names in found.items() if names}

    # Responses

    def next_response(self) -> Response | None:
        """The next response to write, or None until there is another event. It counts as sent."""
        batch = self.next_batch()
        return None if batch is None else self._composer.response(batch)

    def next_batch(self) -> Batch | None:
        """The next response as names; see `next_response`."""
        batch = self._next_due() if self.restless and self._snapshot is not None else None
        if batch is None:
            self.restless = False
        return batch

    def _next_due(self) -> Batch | None:
        snapshot = self._snapshot
        assert snapshot is not None
        batch = self._clusters.due(snapshot.clusters)
        if batch is not None:
            # Envoy warms a changed cluster again without asking for its endpoints again. In its first answer to a
            # client that holds nothing they would only be sent twice: it asks for all of them.
            if self._live or self._endpoints.opened:
                self._endpoints.send_ahead(batch.changed, snapshot.endpoints)
            self._live = True
            return batch
        batch = self._endpoints.due(snapshot.endpoints)
        if batch is None and self._secrets is not None:
            batch = self._secrets.due_secret()
        if batch is None:
            batch = self._listeners.due(snapshot.listeners)
        if batch is None:
            batch = self._routes.due(snapshot.routes)
            if batch is not None:
                self._hosts.tables_sent(batch.changed)
        if batch is None:
            batch = self._hosts.due(snapshot, self._routes)
        if batch is None and not self._hosts.blocked and self._all_is_known(snapshot):
            batch = self._next_removals()
        return batch

    def _all_is_known(self, snapshot: Snapshot) -> bool:
        """Whether a client that came back has made its first requests. What it holds may refer to a cluster that is
        gone, so the cluster has to wait until that is replaced."""
        if self._returning:
            self._returning = not (
                self._listeners.asked
                and (self._routes.asked or not self._holds_listeners or not any(snapshot.routes))
                and (self._hosts.opened or not self._hosts.may_hold_hosts(snapshot))
            )
        return not self._returning

    def _next_removals(self) -> Batch | None:
        for subscription in (self._listeners, self._routes, self._clusters, self._endpoints):
            batch = subscription.due_removals()
            if batch is not None:
                return batch
        return None

    # What is known

    def status(self) -> Status:
        """How the proxy stands towards the newest snapshot."""
        subscriptions = [*self._types.values(), *self._hosts.subscriptions()]
        rejections = tuple(r for s in subscriptions for r in s.rejected.values())
        warming = tuple(dict.fromkeys(name for batch in self._clusters.sent for name in batch.changed))
        missing = tuple(self._secrets.missing()) if self._secrets is not None else ()
        waiting = tuple(dict.fromkeys(_SHORT.get(s.type_url, "VHDS") for s in subscriptions if s.sent or s.busy))
        if rejections:
            sync = Sync.REJECTED
        elif warming and set(waiting) <= {"CDS"} and not self._pending():
            sync = Sync.WARMING
        elif waiting or self._pending():
            sync = Sync.STALE
        else:
            sync = Sync.SYNCED
        return Status(sync, rejections, warming, missing, waiting, self._ignored)

    def _pending(self) -> bool:
        snapshot = self._snapshot
        return (
            snapshot is None
            or not any(subscription.asked for subscription in self._types.values())
            or self._hosts.pending(snapshot, self._routes)
            or self._clusters.pending(snapshot.clusters)
            or self._endpoints.pending(snapshot.endpoints)
            or self._listeners.pending(snapshot.listeners)
            or self._routes.pending(snapshot.routes)
        )
