# SPDX-License-Identifier: Apache-2.0
"""`Subscription`: one resource type on one stream. What the client asked for, what it was sent, what it refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from lateen.xds.batch import Batch, Composer
from lateen.xds.layers import NOTHING, Layers, find, names, same
from lateen.xds.names import NO_NAMES, Names
from lateen.xds.refusal import Rejection, blamed, halves, without_dump

Origin: TypeAlias = Callable[[str, str], str | None]
"""(type URL, resource name) -> the object behind the resource, for people to read."""

_REMEMBERED = 64
"""Unacknowledged responses of one type that are remembered; a refusal of an older one cannot be traced any more."""


class Subscription:
    """One resource type on one stream.

    The client holds what `held` says, for the names it wants, but for the names `owed` (to be sent whatever `held`
    says), the `surplus` (held, to be removed) and those it rejected. Nothing here is copied per stream: `held` refers
    to the tables of a snapshot, sets of names are shared between streams, and the exceptions are few.
    """

    __slots__ = (
        "_composer",
        "_retry",
        "_unasked",
        "asked",
        "claims",
        "doubtful",
        "held",
        "must_answer",
        "names",
        "opened",
        "owed",
        "placeholder",
        "rejected",
        "removals_last",
        "sent",
        "surplus",
        "type_url",
        "wildcard",
    )

    def __init__(
        self, type_url: str, composer: Composer, *, removals_last: bool = True, placeholder: str | None = None
    ) -> None:
        self.type_url = type_url
        self._composer = composer
        self.removals_last = removals_last
        self.placeholder = placeholder
        """A name whose removal is sent where the answer would be empty, for clients that pass over empty answers."""
        self.asked = False
        """Whether the client's first request was seen."""
        self.opened = False
        """Whether there is anything to send at all: the client asked, or is about to."""
        self.wildcard = False
        self.names: Names = NO_NAMES
        self.held: Layers = NOTHING
        self.owed: Names = NO_NAMES
        self.surplus: tuple[str, ...] = ()
        self.must_answer = False
        """A first subscription is answered even if there is nothing to send."""
        self.claims: Mapping[str, str] | None = None
        """What the client says it holds, until there is a snapshot to compare it with."""
        self.doubtful: Names = NO_NAMES
        """Resources of which the client may say the wrong version when it connects again."""
        self.sent: list[Batch] = []
        """Responses that were neither acknowledged nor refused yet, oldest first."""
        self.rejected: dict[str, Rejection] = {}
        self._retry: list[Batch] = []
        self._unasked: Names = NO_NAMES

    # What the client says

    def wants(self, name: str) -> bool:
        return self.wildcard or name in self.names

    def open_all(self, claims: Mapping[str, str]) -> None:
        """The client wants every resource there is, and still holds `claims` (name -> version)."""
        self.opened = self.wildcard = self.must_answer = True
        if claims or self.doubtful:
            self.claims = claims

    def open_named(self, wanted: Iterable[str], claims: Mapping[str, str]) -> None:
        """The client's first request names what it wants."""
        self.opened = True
        if not claims and not self.doubtful:
            self.subscribe(wanted)
            return
        ahead = {name: blob.version for name in self._unasked if (blob := find(self.held, name)) is not None}
        self.claims = {**claims, **ahead}
        unsent = self.owed
        self.subscribe(wanted)
        self.owed = unsent

    def subscribe(self, wanted: Iterable[str]) -> None:
        """Every name is answered, also one that the client has already, but for those that were sent ahead."""
        share = self._composer.name_sets.shared
        new = share(wanted)
        if "*" in new:
            self.wildcard = self.must_answer = True
            self.held = NOTHING
            new = share(new - {"*"})
        if new:
            self.names = share(self.names | new) if self.names else new
            self.owed = share(self.owed | (new - self._unasked)) if self.owed or self._unasked else new
            self._unasked = self._unasked - new

    def unsubscribe(self, unwanted: Iterable[str]) -> None:
        """Forget names: the client has dropped their resources."""
        share = self._composer.name_sets.shared
        gone = frozenset(unwanted)
        if "*" in gone:
            self.wildcard = False
        self.names = share(self.names - gone)
        self.owed = share(self.owed - gone)
        self._unasked = self._unasked - gone
        if not self.wildcard:
            self.surplus = tuple(name for name in self.surplus if name not in gone)
            self._forget_rejections(gone)

    def send_ahead(self, wanted: Iterable[str], target: Layers) -> None:
        """Owe what exists of `wanted` without being asked: the client is about to want it, or needs it again."""
        share = self._composer.name_sets.shared
        coming = share(name for name in wanted if find(target, name) is not None)
        if not coming:
            return
        if not self.wildcard:
            new = coming - self.names
            if new:
                self.names = share(self.names | new)
                self._unasked = self._unasked | new
        self.owed = share(self.owed | coming) if self.owed else coming
        self.opened = True

    def send_again(self, target: Layers) -> None:
        """Owe everything there is."""
        self.owed = self._composer.name_sets.shared(names(target))
        self.must_answer = True

    def believe(self, target: Layers) -> None:
        """Take the client's claims for what it holds: only what differs from `target` is owed."""
        claims, self.claims = self.claims, None
        if claims is None:
            return
        wanted: Iterable[str] = names(target) if self.wildcard else self.names
        owed = []
        for name in wanted:
            blob = find(target, name)
            if blob is None or name in self.doubtful or claims.get(name) != blob.version:
                owed.append(name)
        self.owed = self._composer.name_sets.shared(self.owed.union(owed))
        if self.wildcard:
            said = self.doubtful.union(claims)
            self.surplus = tuple(name for name in sorted(said) if find(target, name) is None)
        self.held = target
        if claims:
            self.must_answer = False

    def acknowledge(self, nonce: str) -> Batch | None:
        """The response `nonce` was taken. None when it is not one of the remembered."""
        batch = self._answered(nonce)
        if batch is not None and self.doubtful:
            self.doubtful = self.doubtful.difference(batch.changed, batch.removed)
        return batch

    def refuse(self, nonce: str, reason: str, origin: Origin) -> list[Rejection]:
        """The response `nonce` was refused: blame a resource, or prepare to send parts of it until one is left."""
        batch = self._answered(nonce)
        if batch is None:
            return []
        # Part of a refused response may have taken effect, and Envoy claims no version of a refused response.
        self.doubtful = self.doubtful.union(batch.changed, batch.removed)
        culprits = blamed(reason, batch.changed)
        if not culprits and len(batch.changed) == 1:
            culprits = {batch.changed[0]: without_dump(reason)}
            if batch.removed:
                self._retry.append(self._composer.make(self.type_url, batch.layers, (), batch.removed))
        if culprits:
            made = []
            for name, why in culprits.items():
                if not self._overtaken(batch, name):
                    version = batch.blob(name).version
                    made.append(Rejection(self.type_url, name, version, why, origin(self.type_url, name)))
            self.rejected.update((rejection.name, rejection) for rejection in made)
            return made
        if batch.changed:
            self._retry += halves(batch, self._composer)
        return []

    # What the client gets

    @property
    def busy(self) -> bool:
        """Whether parts of a refused response are still being tried."""
        return bool(self._retry)

    def pending(self, target: Layers) -> bool:
        """Whether there is something to send before this client can be called up to date with `target`."""
        return self.opened and bool(
            self._retry or self.owed or self.must_answer or self.surplus or not same(self.held, target)
        )

    def due(self, target: Layers) -> Batch | None:
        """The next response of this type towards `target`, removals that come last excepted. It counts as sent."""
        if not self.opened:
            return None
        if self.claims is not None:
            self.believe(target)
        while self._retry:
            again = self._still_due(self._retry.pop(0), target)
            if again:
                return self._send(again)
        removals = self.surplus and not self.removals_last
        if same(self.held, target) and not (self.owed or self.must_answer or removals):
            return None
        batch = self._composer.batch(
            self.type_url,
            self.held,
            target,
            None if self.wildcard else self.names,
            self.owed,
            removals_last=self.removals_last,
        )
        self.held, self.owed = target, NO_NAMES
        if self.surplus or batch.later:
            back = [name for name in self.surplus if find(target, name) is None]
            self.surplus = tuple(dict.fromkeys((*back, *batch.later)))
        if not self.removals_last and self.surplus:
            extra, self.surplus = self.surplus, ()
            batch = self._composer.make(self.type_url, target, batch.changed, dict.fromkeys((*batch.removed, *extra)))
        if self.rejected:
            batch = self._without_rejected(batch)
        if not batch and not self.must_answer:
            return None
        self.must_answer = False
        if not batch and self.placeholder is not None:
            batch = self._composer.make(self.type_url, target, (), (self.placeholder,))
        return self._send(batch)

    def due_removals(self) -> Batch | None:
        """The response that takes away what nothing refers to any more."""
        if not self.surplus:
            return None
        batch = self._composer.make(self.type_url, self.held, (), self.surplus)
        self._forget_rejections(self.surplus)
        self.surplus = ()
        return self._send(batch)

    def _send(self, batch: Batch) -> Batch:
        self.sent.append(batch)
        if len(self.sent) > _REMEMBERED:
            del self.sent[0]
        return batch

    def _answered(self, nonce: str) -> Batch | None:
        for index, batch in enumerate(self.sent):
            if batch.nonce == nonce:
                del self.sent[index]
                return batch
        return None

    def _overtaken(self, batch: Batch, name: str) -> bool:
        """Whether the client was sent something newer than `batch` about `name`."""
        return any(name in later.changed or name in later.removed for later in self.sent) or (
            find(self.held, name) != batch.blob(name)
        )

    def _still_due(self, batch: Batch, target: Layers) -> Batch:
        """`batch` without what has been overtaken by a newer state of the resource, which is owed instead."""
        changed = [n for n in batch.changed if find(target, n) == batch.blob(n) and n not in self.rejected]
        removed = [n for n in batch.removed if find(target, n) is None]
        if len(changed) == len(batch.changed) and len(removed) == len(batch.removed):
            return batch
        unsent = (n for n in batch.changed if find(self.held, n) == batch.blob(n) != find(target, n))
        self.owed = self._composer.name_sets.shared(self.owed.union(n for n in unsent if find(target, n) is not None))
        return self._composer.make(self.type_url, target, changed, removed)

    def _without_rejected(self, batch: Batch) -> Batch:
        """`batch` without resources in the version that was refused; a newer version ends the rejection."""
        refused = set()
        for name in batch.changed:
            rejection = self.rejected.get(name)
            if rejection is not None and rejection.version == batch.blob(name).version:
                refused.add(name)
        self._forget_rejections(name for name in (*batch.changed, *batch.removed) if name not in refused)
        if not refused:
            return batch
        changed = [name for name in batch.changed if name not in refused]
        return self._composer.make(self.type_url, batch.layers, changed, batch.removed)

    def _forget_rejections(self, gone: Iterable[str]) -> None:
        for name in gone:
            self.rejected.pop(name, None)
