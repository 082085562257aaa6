# SPDX-License-Identifier: Apache-2.0
"""EndpointSlices."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, invalid_value, required, unsupported

_TYPES = ("FQDN", "IPv4", "IPv6")


def _default(document: Document) -> None:
    for port in document.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _validate(document: Document) -> list[Cause]:
    found: list[Cause] = []
    kind = document.get("addressType", "")
    if not kind:
        found.append(required("addressType"))
    elif kind not in _TYPES:
        found.append(unsupported("addressType", kind, _TYPES))
    for index, endpoint in enumerate(document.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            found.append(required(f"endpoints[{index}].addresses", "must contain at least 1 address"))
    return found


def _validate_update(new: Document, old: Document) -> list[Cause]:
    if new.get("addressType") == old.get("addressType"):
        return []
    return [invalid_value("addressType", new.get("addressType"), "field is immutable")]


STRATEGY = Strategy(default=_default, validate=_validate, validate_update=_validate_update, generation=True)
