# SPDX-License-Identifier: Apache-2.0
"""The external service that details v2 asks: Google's Books API, over HTTPS or, where a proxy adds TLS, plain HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from lateen.samples.http_client import outside

HOST = "www.googleapis.com"
ISBN = "0486424618"
"""An edition of The Comedy of Errors with one author."""
PATIENCE = 2.5
"""Seconds; the page waits for 3."""


class BookServiceError(Exception):
    """The service could not be reached, or did not know the book."""


class BookService:
    """Books by ISBN.

    Plain requests go to port 80, as Istio's present manifests expect, and if that is no use to port 443, as those of
    the article of 2018 do. The port that answered is asked first from then on.
    """

    def __init__(self, host: str = HOST, *, plain: bool) -> None:
        self._client = outside(PATIENCE)
        # Whoever names a port means it.
        self._bases = [f"http://{host}", f"http://{host}:443"] if plain and ":" not in host else []
        self._bases = self._bases or [f"{'http' if plain else 'https'}://{host}"]

    def details(self, product: int, headers: Mapping[str, str]) -> dict[str, Any]:
        """The details of the book, under the names that the page shows. Raises BookServiceError."""
        problems = []
        for base in tuple(self._bases):
            try:
                reply = self._client.get(f"{base}/books/v1/volumes?q=isbn:{ISBN}", headers=dict(headers))
                reply.raise_for_status()
                found = details_of(reply.json(), product)
            except httpx.HTTPError as error:
                problems.append(str(error) or type(error).__name__)
            except (LookupError, TypeError, ValueError, AttributeError):
                problems.append(f"{base} does not know the book")
            else:
                self._bases.sort(key=lambda known: known != base)
                return found
        raise BookServiceError("; ".join(problems))


def details_of(answer: Mapping[str, Any], product: int) -> dict[str, Any]:
    """From https://developers.google.com/books/docs/v1/reference/volumes/list to the details of a book.

    Raises LookupError, TypeError, AttributeError or ValueError if `answer` is something else.
    """
    book = answer["items"][0]["volumeInfo"]
    numbers = {each["type"]: each["identifier"] for each in book["industryIdentifiers"]}
    return {
        "id": product,
        "author": book["authors"][0],
        "year": book["publishedDate"],
        "type": "paperback" if book.get("printType") == "BOOK" else "unknown",
        "pages": book["pageCount"],
        "publisher": book["publisher"],
        "language": "English" if book.get("language") == "en" else "unknown",
        "ISBN-10": numbers["ISBN_10"],
        "ISBN-13": numbers["ISBN_13"],
    }
