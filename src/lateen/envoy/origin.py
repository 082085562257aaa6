# SPDX-License-Identifier: Apache-2.0
"""Which API objects stand behind a resource: its builders leave their addresses in Istio's metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.symbol_database import Default

from lateen.envoy.blob import VIRTUAL_HOST, Blob
from lateen.envoy.snapshot import Snapshot
from lateen.model.ref import Ref

_ADDRESS = re.compile(r"/apis/(?P<group>[^/]+)/[^/]+/namespaces/(?P<namespace>[^/]+)/(?P<kind>[a-z-]+)/(?P<name>[^/]+)")


def find_blob(snapshot: Snapshot, type_url: str, name: str) -> Blob | None:
    """The resource of that type and (wire) name in a snapshot."""
    if type_url == VIRTUAL_HOST:
        layers = [layer for layers in snapshot.virtual_hosts.values() for layer in layers]
    else:
        layers = [*snapshot.clusters, *snapshot.endpoints, *snapshot.listeners, *snapshot.routes]
    return next((b for layer in layers if (b := layer.get(name)) is not None and b.type_url == type_url), None)


def objects_behind(resource: Blob) -> list[Ref]:
    """The objects that the metadata inside a resource names, each once, in the order of their occurrence."""
    message = Default().GetSymbol(resource.type_url.rpartition("/")[2])()
    message.ParseFromString(resource.body)
    return list(dict.fromkeys(_refs(message)))


def _refs(message: Message) -> Iterator[Ref]:
    if message.DESCRIPTOR.full_name == "google.protobuf.Any":
        inner = _unpacked(message)
        if inner is not None:
            yield from _refs(inner)
        return
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            kind: Any = field.message_type
            if kind.GetOptions().map_entry:
                if kind.fields_by_name["value"].message_type is not None:
                    for key in sorted(value):
                        yield from _refs(value[key])
            else:
                for item in value if field.is_repeated else (value,):
                    yield from _refs(item)
        elif field.name == "string_value" and (found := _ADDRESS.fullmatch(value)):
            kind = "".join(part.capitalize() for part in found["kind"].split("-"))
            yield Ref(kind, found["namespace"], found["name"], found["group"])


def _unpacked(packed: Message) -> Message | None:
    """What an Any holds; None for a type that nobody has loaded, or bytes that are none of it."""
    try:
        inner: Message = Default().GetSymbol(packed.type_url.rpartition("/")[2])()  # type: ignore[attr-defined]
        inner.ParseFromString(packed.value)  # type: ignore[attr-defined]
    except (KeyError, DecodeError):
        return None
    return inner
