# SPDX-License-Identifier: Apache-2.0
"""A refused response (NACK): which of its resources is to blame.

What Envoy does with the rest differs by type, and the text of the refusal is all that it says:

- Clusters and listeners are applied one by one. Those that fail are listed with their reasons, `Error adding/updating
  listener(s) NAME: REASON`; all others, and the removals, have taken effect.
- A resource that breaks a constraint of its message (`Proto constraint validation failed …`) or cannot be decoded
  refuses the whole response, whatever its type, and is seldom named.
- Route tables, endpoints and secrets are handed to their owners in turn; the first that fails ends the turn.
- The virtual hosts of one table are applied together or not at all.

So: believe a list of names where there is one, otherwise send the response again in halves until one resource is left.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from lateen.xds.batch import Batch, Composer

_LISTED = re.compile(r"Error adding/updating (?:cluster|listener)\(s\) ")
_DUMP = "goo.gle/debug"

_DUMP = "goo.gle/debug"


class Rejection(NamedTuple):
    """A resource that a proxy refused: not sent to it again in this version."""

    type_url: str
    name: str
    version: str
    reason: str
    """Envoy's own words."""
    origin: str | None
    """The object behind the resource, if known: `VirtualService default/reviews (a.yaml:3)`."""


def blamed(reason: str, sent: Collection[str]) -> dict[str, str]:
    """Name -> reason of the resources among `sent` that `reason` lists as failed; empty if it lists none."""
    start = _LISTED.match(reason)
    if start is None:
        return {}
    text = reason[start.end() :]
    places: list[tuple[int, str]] = []
    for name in sent:
        mark = f"{name}: "
        at = text.find(mark)
        while at > 0 and text[at - 1] not in "\n ":
            at = text.find(mark, at + 1)
        if at >= 0:
            places.append((at, name))
    places.sort()
    ends = [*(at for at, _ in places), len(text)][1:]
    return {
        name: without_dump(text[at + len(name) + 2 : end].strip(" ,\n"))
        for (at, name), end in zip(places, ends, strict=True)
    }


def without_dump(reason: str) -> str:
    """`reason` without the dump of the resource that Envoy puts before some reasons."""
    return reason.rpartition("\n: ")[2] if _DUMP in reason else reason


def halves(batch: Batch, composer: Composer) -> list[Batch]:
    """`batch` in two parts; the first carries the removals, for something in it may need the room they make."""
    middle = (len(batch.changed) + 1) // 2
    first, second = batch.changed[:middle], batch.changed[middle:]
    return [
        composer.make(batch.type_url, batch.layers, first, batch.removed),
        composer.make(batch.type_url, batch.layers, second),
    ]
