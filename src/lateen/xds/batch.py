# SPDX-License-Identifier: Apache-2.0
"""`Batch`: the content of one response, worked out and serialised once for all streams that need the same one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import count

from lateen.envoy.blob import Blob
from lateen.xds.layers import Layers, difference, find
from lateen.xds.names import Names, NameSets
from lateen.xds.wire import response

_KEPT_BATCHES = 128
_KEPT_BYTES = 16 << 20


class Batch:
    """Resources to send by name (their content is in `layers`), names to take away with them, and names to take away
    later, when everything that may refer to them has been replaced.

    `nonce` names the batch, not the sending of it, so that streams share the serialised response as well. Responses of
    one type are acknowledged in their order, which tells two sendings of one batch on one stream apart.
    """

    __slots__ = ("changed", "later", "layers", "nonce", "removed", "type_url")

    def __init__(
        self,
        type_url: str,
        nonce: str,
        layers: Layers,
        changed: tuple[str, ...],
        removed: tuple[str, ...],
        later: tuple[str, ...] = (),
    ) -> None:
        self.type_url = type_url
        self.nonce = nonce
        self.layers = layers
        self.changed = changed
        self.removed = removed
        self.later = later

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)

    def blob(self, name: str) -> Blob:
        """The resource that was sent as `name`, one of `changed`."""
        found = find(self.layers, name)
        assert found is not None, name
        return found


class Composer:
    """Makes batches and their bytes; one for all streams of a server.

    The latest batches and some MiB of their bytes are kept, because a change is composed for every stream within
    moments of each other; nothing depends on finding one again.
    """

    def __init__(self) -> None:
        self.name_sets = NameSets()
        self._nonces = count(1)
        self._batches: OrderedDict[object, Batch] = OrderedDict()
        self._bodies: OrderedDict[Batch, bytes] = OrderedDict()
        self._bytes = 0

    def batch(
        self, type_url: str, held: Layers, target: Layers, selection: Names | None, owed: Names, *, removals_last: bool
    ) -> Batch:
        """What brings a client that holds `held` to `target`.

        Only names in `selection` count (None: all). The names `owed` are sent in any case; those of them that do not
        exist are answered by their removal. Other removals are for `later` if `removals_last`.
        """
        key = (type_url, held, target, selection, owed, removals_last)
        known = self._batches.get(key)
        if known is not None:
            self._batches.move_to_end(key)
            return known
        changed, gone = difference(held, target)
        if selection is not None:
            changed = tuple(name for name in changed if name in selection)
            gone = tuple(name for name in gone if name in selection)
        absent: tuple[str, ...] = ()
        if owed:
            already = set(changed)
            answers = [name for name in sorted(owed) if name not in already]
            changed += tuple(name for name in answers if find(target, name) is not None)
            absent = tuple(name for name in answers if find(target, name) is None)
            gone = tuple(name for name in gone if name not in owed)
        made = (
            self.make(type_url, target, changed, absent, gone)
            if removals_last
            else self.make(type_url, target, changed, absent + gone)
        )
        self._batches[key] = made
        if len(self._batches) > _KEPT_BATCHES:
            self._batches.popitem(last=False)
        return made

    def make(
        self,
        type_url: str,
        layers: Layers,
        changed: Iterable[str],
        removed: Iterable[str] = (),
        later: Iterable[str] = (),
    ) -> Batch:
        """A batch of its own, with a new nonce."""
        return Batch(type_url, format(next(self._nonces), "x"), layers, tuple(changed), tuple(removed), tuple(later))

    def body(self, batch: Batch) -> bytes:
        """`batch` as a DeltaDiscoveryResponse."""
        known = self._bodies.get(batch)
        if known is not None:
            return known
        made = response(batch.type_url, batch.nonce, map(batch.blob, batch.changed), batch.removed)
        self._bodies[batch] = made
        self._bytes += len(made)
        while self._bytes > _KEPT_BYTES and len(self._bodies) > 1:
            self._bytes -= len(self._bodies.popitem(last=False)[1])
        return made
