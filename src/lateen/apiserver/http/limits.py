# SPDX-License-Identifier: Apache-2.0
"""What one client may have going on at a time, and how much memory request bodies may take."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from lateen.apiserver.status import too_many_requests

REQUESTS = 400
WATCHES = 5_000
BODY_BYTES = 64 * 1024 * 1024
_BUSY = "too many requests, please try again later"


class Limits:
    """Counts by client, which is a user at an address."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str]] = Counter()
        self._watches: Counter[tuple[str, str]] = Counter()
        self._bytes = 0

    @contextlib.contextmanager
    def request(self, client: tuple[str, str], size: int) -> Iterator[None]:
        """One request with a body of `size` bytes. Raises ApiError (429)."""
        if self._requests[client] >= REQUESTS or self._bytes + size > BODY_BYTES:
            raise too_many_requests(_BUSY, 1)
        self._requests[client] += 1
        self._bytes += size
        try:
            yield
        finally:
            self._bytes -= size
            _drop(self._requests, client)

    @contextlib.contextmanager
    def watch(self, client: tuple[str, str]) -> Iterator[None]:
        """One watch. Raises ApiError (429)."""
        if self._watches[client] >= WATCHES:
            raise too_many_requests(_BUSY, 1)
        self._watches[client] += 1
        try:
            yield
        finally:
            _drop(self._watches, client)


def _drop(counter: Counter[tuple[str, str]], client: tuple[str, str]) -> None:
    counter[client] -= 1
    if not counter[client]:
        del counter[client]
