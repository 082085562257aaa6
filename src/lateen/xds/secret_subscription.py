# SPDX-License-Identifier: Apache-2.0
"""`SecretSubscription`: the secrets that a client asked for by name, looked up one by one for this client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from lateen.envoy.blob import SECRET, Blob
from lateen.incremental.table import Table
from lateen.xds.batch import Batch, Composer
from lateen.xds.names import NO_NAMES
from lateen.xds.subscription import Subscription

SecretLookup: TypeAlias = Callable[[str], Blob | None]
"""SDS name -> the secret, or None when there is none or this client may not have it."""


class SecretSubscription(Subscription):
    """Secrets on one stream.

    A secret that does not exist is not answered: what needs it keeps waiting (Envoy calls it warming) and works as soon
    as it exists. One that ceases to exist is not taken away, so that connections go on with the last certificate.
    """

    __slots__ = ("_lookup", "_target", "stale")

    def __init__(self, composer: Composer, lookup: SecretLookup) -> None:
        super().__init__(SECRET, composer)
        self._lookup = lookup
        self._target: Table[str, Blob] = Table()
        self.stale = False
        """Whether some secret may have changed since it was looked up."""

    def open_named(self, wanted: Iterable[str], claims: Mapping[str, str]) -> None:
        super().open_named(wanted, claims)
        self.stale = True

    def subscribe(self, wanted: Iterable[str]) -> None:
        super().subscribe(wanted)
        self.stale = True

    def missing(self) -> list[str]:
        """Names that were asked for and do not exist."""
        return sorted(name for name in self.names if name not in self._target)

    def due_secret(self) -> Batch | None:
        """The next response."""
        if not self.opened:
            return None
        if self.stale:
            self.stale = False
            self._look_up()
        batch = self.due((self._target,))
        self.surplus = ()
        return batch

    def _look_up(self) -> None:
        found = {name: blob for name in sorted(self.names) if (blob := self._lookup(name)) is not None}
        for name, blob in self._target.items():
            if name in self.names:
                found.setdefault(name, blob)
        if found != dict(self._target):
            self._target = Table(found)
        absent = self.owed - found.keys()
        if absent:
            self.owed = (self.owed - absent) or NO_NAMES
