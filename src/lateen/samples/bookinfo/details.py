# SPDX-License-Identifier: Apache-2.0
"""Details of Bookinfo: pages, publisher and so on; v1 knows them, v2 asks an external service.

python -m lateen.samples.bookinfo.details --version v2 --port 9080
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import Any

from lateen.samples.bookinfo.peers import PORT, product_of
from lateen.samples.forwarded import TRACE
from lateen.samples.http_server import Request, Response, add_address, json_response, serve

UNENCRYPTED = ("DO_NOT_ENCRYPT", "WITH_ISTIO")
"""One of these set to `true` makes v2 ask over plain HTTP; the second is the name before Istio 1.0."""

Source = Callable[[int, Mapping[str, str]], dict[str, Any]]


def own(product: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """What v1 knows."""
    return {
        "id": product,
        "author": "William Shakespeare",
        "year": 1595,
        "type": "paperback",
        "pages": 200,
        "publisher": "PublisherA",
        "language": "English",
        "ISBN-10": "1234567890",
        "ISBN-13": "123-1234567890",
    }


def main() -> None:
    """Run the service until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", choices=("v1", "v2"), default="v1")
    parser.add_argument("--books", metavar="HOST", help="the host that v2 asks, instead of Google's")
    add_address(parser, PORT)
    options = parser.parse_args()
    external = os.environ.get("ENABLE_EXTERNAL_BOOK_SERVICE", str(options.version == "v2")).lower() == "true"
    ask = _external(options.books) if external else own

    def answer(request: Request) -> Response:
        if request.path == "/health":
            return json_response({"status": "Details is healthy"})
        if not request.path.startswith("/details"):
            return json_response({"error": "not found"}, 404)
        product = product_of(request.path, "details")
        if product is None:
            return json_response({"error": "please provide numeric product id"}, 400)
        headers = {name: request.headers[name] for name in TRACE if name in request.headers}
        found = ask(product, headers)
        return json_response(found, 400 if "error" in found else 200)

    serve(answer, options)


def _external(host: str | None) -> Source:
    # Only v2 pays for a client.
    from lateen.samples.bookinfo.book_service import HOST, BookService, BookServiceError

    plain = any(os.environ.get(name) == "true" for name in UNENCRYPTED)
    service = BookService(host or HOST, plain=plain)

    def ask(product: int, headers: Mapping[str, str]) -> dict[str, Any]:
        try:
            return service.details(product, headers)
        except BookServiceError as error:
            print(f"books: {error}", flush=True)
            return {"error": str(error)}

    return ask


if __name__ == "__main__":
    main()
