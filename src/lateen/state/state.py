# SPDX-License-Identifier: Apache-2.0
"""`State`: the objects that are there, kept in the engine's input buckets."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from lateen.incremental.engine import Engine, Input
from lateen.model.mesh.networks import MeshNetworks
from lateen.model.mesh_config import MeshConfig
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.state import inputs
from lateen.state.index import SINGLE, Bucket, buckets
from lateen.state.label_keys import label_keys


def age(resource: Resource) -> tuple[str, str, str]:
    """Istio's order among objects of one kind: creation time (none is the oldest), name, namespace."""
    meta = resource.metadata
    return (meta.creation_timestamp, meta.name, meta.namespace)


class _Sorted:
    """A bucket's objects in their order; replacing one costs no comparison of the others."""

    __slots__ = ("keys", "values")

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.values: list[Any] = []

    def add(self, key: Any, value: Any) -> None:
        at = bisect_left(self.keys, key)
        self.keys.insert(at, key)
        self.values.insert(at, value)

    def remove(self, key: Any) -> None:
        at = bisect_left(self.keys, key)
        del self.keys[at]
        del self.values[at]


class State:
    """The documents as the engine sees them. `domain` is the cluster's DNS domain.

    What the buckets hold follows from the objects alone, never from the order in which they came.
    """

    def __init__(self, domain: str = "cluster.local") -> None:
        self.domain = domain
        self.db = Engine()
        self.db.set(inputs.domain, None, domain)
        self._objects: dict[Ref, Resource] = {}
        self._buckets: dict[Bucket, _Sorted] = {}
        self._refs: dict[tuple[str, str], _Sorted] = {}
        self._label_keys: dict[tuple[Input[Any, frozenset[str]], Any], Counter[str]] = {}

    @property
    def objects(self) -> Mapping[Ref, Resource]:
        """Every object that is there."""
        return MappingProxyType(self._objects)

    def set_mesh_config(self, config: MeshConfig | None) -> None:
        """The settings of the mesh; None for Istio's defaults."""
        self.db.set(inputs.mesh_config, None, MeshConfig() if config is None else config)

    def set_mesh_networks(self, networks: MeshNetworks | None) -> None:
        """Which endpoints are in which network; None where networks do not matter."""
        self.db.set(inputs.mesh_networks, None, MeshNetworks() if networks is None else networks)

    def apply(self, changes: Iterable[tuple[Ref, Resource | None]]) -> int:
        """Set (or, with None, remove) objects. Returns how many really changed; equal objects change nothing."""
        touched: dict[Bucket, None] = {}
        kinds: dict[tuple[str, str], None] = {}
        count = 0
        for ref, new in changes:
            old = self._objects.get(ref)
            if old is new or old == new:
                continue
            count += 1
            self._move(old, new, touched)
            self._ask(old, new)
            if old is None or new is None or age(old) != age(new):
                self._list(ref, old, new)
                kinds[ref.kind, ref.namespace] = None
            if new is None:
                del self._objects[ref]
            else:
                self._objects[ref] = new
            if ref.kind in SINGLE:
                source, key = SINGLE[ref.kind]
                self.db.set(source, key(ref), new)
        for bucket in touched:
            self._publish(bucket)
        for at in kinds:
            self.db.set(inputs.refs_in, at, tuple(self._refs[at].values))
            if not self._refs[at].values:
                del self._refs[at]
        for kind in {kind for kind, _ in kinds}:
            self.db.set(inputs.namespaces_of, kind, tuple(sorted(ns for k, ns in self._refs if k == kind)))
        return count

    def _move(self, old: Resource | None, new: Resource | None, touched: dict[Bucket, None]) -> None:
        if old is not None:
            for bucket in buckets(old):
                self._buckets[bucket].remove(age(old))
                touched[bucket] = None
        if new is not None:
            for bucket in buckets(new):
                self._buckets.setdefault(bucket, _Sorted()).add(age(new), new)
                touched[bucket] = None

    def _ask(self, old: Resource | None, new: Resource | None) -> None:
        before = label_keys(old) if old is not None else set()
        after = label_keys(new) if new is not None else set()
        changed = {(source, bucket) for source, bucket, _ in before ^ after}
        for source, bucket, key in after - before:
            self._label_keys.setdefault((source, bucket), Counter())[key] += 1
        for source, bucket, key in before - after:
            self._label_keys[source, bucket][key] -= 1
        for source, bucket in changed:
            counts = +self._label_keys[source, bucket]
            self._label_keys[source, bucket] = counts
            self.db.set(source, bucket, frozenset(counts))

    def _list(self, ref: Ref, old: Resource | None, new: Resource | None) -> None:
        refs = self._refs.setdefault((ref.kind, ref.namespace), _Sorted())
        if old is not None:
            refs.remove(age(old))
        if new is not None:
            refs.add(age(new), ref)

    def _publish(self, bucket: Bucket) -> None:
        source: Input[Any, Any]
        source, key = bucket
        values = self._buckets[bucket].values
        self.db.set(source, key, tuple(values))
        if not values:
            del self._buckets[bucket]
