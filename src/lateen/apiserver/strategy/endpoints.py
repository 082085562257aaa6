# SPDX-License-Identifier: Apache-2.0
"""Endpoints."""

from __future__ import annotations

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, invalid_value, required


def _default(document: Document) -> None:
    for subset in document.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _validate(document: Document) -> list[Cause]:
    found: list[Cause] = []
    for index, subset in enumerate(document.get("subsets") or ()):
        field = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            found.append(required(field, "must specify `addresses` or `notReadyAddresses`"))
        ports = subset.get("ports") or ()
        for position, port in enumerate(ports):
            if not port.get("name") and len(ports) > 1:
                found.append(required(f"{field}.ports[{position}].name"))
            if not 0 < port.get("port", 0) < 65536:
                detail = "must be between 1 and 65535, inclusive"
                found.append(invalid_value(f"{field}.ports[{position}].port", port.get("port", 0), detail))
    return found


STRATEGY = Strategy(default=_default, validate=_validate, create_on_update=True)
