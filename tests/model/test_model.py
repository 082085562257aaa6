# SPDX-License-Identifier: Apache-2.0
"""The vocabulary: immutable, hashable, presence kept."""

from __future__ import annotations

import msgspec
import pytest

from lateen.model.kinds import ISTIO_KINDS, KINDS
from lateen.model.message import FrozenList, FrozenMap
from lateen.model.networking.destination_rule import DestinationRule, Subset
from lateen.model.networking.http_match import StringMatch
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.ref import Ref
from lateen.model.resource import ObjectMeta


def test_identity() -> None:
    found = VirtualService(metadata=ObjectMeta(name="a", namespace="b"))
    assert found.ref == Ref("VirtualService", "b", "a", "networking.istio.io")
    assert str(found.ref) == "VirtualService/b/a"
    assert (found.name, found.namespace) == ("a", "b")


def test_messages_cannot_be_changed() -> None:
    found = VirtualService(metadata=ObjectMeta(name="a"))
    with pytest.raises(AttributeError):
        found.kind = "Gateway"  # type: ignore[misc]
    with pytest.raises(TypeError):
        found.metadata.labels["a"] = "b"
    with pytest.raises(TypeError):
        FrozenMap({"a": 1}).update(b=2)
    with pytest.raises(TypeError):
        FrozenList([1]).append(2)


@pytest.mark.parametrize("cls", KINDS.values(), ids=lambda cls: cls.TYPE.kind)
def test_objects_are_hashable_and_equal_by_value(cls: type) -> None:
    assert hash(cls()) == hash(cls())
    assert cls() == cls()
    assert cls().api_version.endswith(cls.TYPE.versions[0])  # type: ignore[attr-defined]


def test_maps_take_part_in_equality_and_hash() -> None:
    one = Subset(name="v1", labels=FrozenMap({"a": "1", "b": "2"}))
    other = Subset(name="v1", labels=FrozenMap({"b": "2", "a": "1"}))
    assert one == other
    assert hash(one) == hash(other)
    assert one != Subset(name="v1", labels=FrozenMap({"a": "1"}))


def test_empty_differs_from_absent() -> None:
    assert StringMatch(exact="") != StringMatch()


def test_names_of_fields_are_those_of_the_api() -> None:
    names = {field.name: field.encode_name for field in msgspec.structs.fields(DestinationRule)}
    assert names["api_version"] == "apiVersion"


def test_kinds_are_told_apart() -> None:
    assert len({cls.TYPE.plural for cls in ISTIO_KINDS}) == len(ISTIO_KINDS)
