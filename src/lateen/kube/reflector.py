# SPDX-License-Identifier: Apache-2.0
"""`reflect`: list, then watch, for ever. What comes out is what a cache has to do to stay equal to the API."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, TypeAlias

from lateen.kube.client import KubeClient, Object
from lateen.kube.errors import ApiError, UnreachableError
from lateen.kube.kind import Kind

FIRST_DELAY = 0.05
"""Seconds to wait after the first failure; doubled (with jitter) up to LAST_DELAY."""
LAST_DELAY = 10.0


class Listed(NamedTuple):
    """These are all the objects there are; whatever else was known is gone."""

    objects: list[Object]


class Changed(NamedTuple):
    """One object is new or different."""

    object: Object


class Removed(NamedTuple):
    """One object is gone; this is its last state."""

    object: Object


Event: TypeAlias = Listed | Changed | Removed


async def reflect(
    client: KubeClient,
    kind: Kind,
    namespace: str = "",
    *,
    trouble: Callable[[str], None] = lambda text: None,
    **selectors: str,
) -> AsyncIterator[Event]:
    """Events for ever. A watch that ends is resumed where it stopped; a revision that is too old leads to a new list.

    `trouble` is told (once per failure) why nothing comes; reflecting goes on with growing pauses.
    """
    revision = ""
    delay = FIRST_DELAY
    while True:
        try:
            if not revision:
                objects, revision = await client.list(kind, namespace, **selectors)
                yield Listed(objects)
            async for type_, object_ in client.watch(kind, revision, namespace, **selectors):
                revision = object_["metadata"]["resourceVersion"]
                delay = FIRST_DELAY
                if type_ == "DELETED":
                    yield Removed(object_)
                elif type_ != "BOOKMARK":
                    yield Changed(object_)
            continue
        except ApiError as error:
            if error.expired:
                revision = ""
                continue
            trouble(f"{kind.plural}: {error}")
        except UnreachableError as error:
            trouble(f"{kind.plural}: {error}")
        await asyncio.sleep(delay * random.uniform(0.5, 1.0))
        delay = min(delay * 2, LAST_DELAY)
