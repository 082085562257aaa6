# SPDX-License-Identifier: Apache-2.0
"""`Batch`: the content of one response, worked out and serialised once for all streams that need the same one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import NamedTuple

from lateen.envoy.blob import Blob
from lateen.envoy.snapshot import Layer
from lateen.xds.layers import Layers, difference, find
from lateen.xds.names import Names, NameSets
from lateen.xds.wire import fragment, frame

_KEPT_BATCHES = 128
_KEPT_BYTES = 16 << 20
_MANY = 64


class Response(NamedTuple):
    """A serialised message, put together when there is room for it: its size in bytes, near enough, and the message."""

    size: int
    body: Callable[[], bytes]


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
        self._kept: OrderedDict[Batch | Layer, bytes] = OrderedDict()
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
            answers = sorted(owed.difference(changed))
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

    def response(self, batch: Batch) -> Response:
        """`batch` as a DeltaDiscoveryResponse, not put together yet."""
        known = self._kept.get(batch)
        size = len(known) if known is not None else sum(map(len, self._pieces(batch)))
        return Response(size, partial(self._body, batch))

    def _body(self, batch: Batch) -> bytes:
        known = self._kept.get(batch)
        if known is None:
            rest = frame(batch.type_url, batch.nonce, batch.removed)
            known = self._keep(batch, b"".join([*self._pieces(batch), rest]))
        return known

    def _pieces(self, batch: Batch) -> list[bytes]:
        """The resources of `batch`. Whole layers, which a new client gets, are one piece each, whatever other layers
        they are combined with."""
        if len(batch.changed) < _MANY or len(batch.changed) < sum(map(len, batch.layers)):
            return [fragment(batch.blob(name)) for name in batch.changed]
        return [self._whole(layer) for layer in batch.layers]

    def _whole(self, layer: Layer) -> bytes:
        known = self._kept.get(layer)
        if known is not None:
            self._kept.move_to_end(layer)
            return known
        made = b"".join(map(fragment, layer.values()))
        return made if len(layer) < _MANY else self._keep(layer, made)

    def _keep(self, key: Batch | Layer, made: bytes) -> bytes:
        self._kept[key] = made
        self._bytes += len(made)
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.popitem(last=False)[1])
        return made
