# SPDX-License-Identifier: Apache-2.0
"""What becomes of a question, predicted or observed, in a form that can be compared."""

from __future__ import annotations

from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]
"""Sorted pairs of those headers that the test steers; a header that is not there is not named."""


class Closed(NamedTuple):
    """The connection ends without an answer."""


class Answered(NamedTuple):
    """A proxy answers. A prediction says None where it does not know: what errors look like beyond their status."""

    status: int
    location: str = ""
    body: str | None = None
    response_headers: Headers | None = None


class ServedBytes(NamedTuple):
    """The application `server` (POD:PORT) got bytes."""

    server: str


class ServedHttp(NamedTuple):
    """The application got this request, and the client its answer with these headers.

    `mutual`: the last proxy told of a client certificate.
    """

    server: str
    method: str
    path: str
    authority: str
    headers: Headers
    response_headers: Headers
    mutual: bool


Outcome = Closed | Answered | ServedBytes | ServedHttp


def agrees(predicted: Outcome, observed: Outcome) -> bool:
    """Whether what was observed is what this prediction says."""
    if not isinstance(predicted, Answered) or not isinstance(observed, Answered):
        return type(predicted) is type(observed) and predicted == observed
    known = ((a, b) for a, b in zip(predicted, observed, strict=True) if a is not None)
    return all(a == b for a, b in known)
