# SPDX-License-Identifier: Apache-2.0
"""Ratings of Bookinfo: the stars that each reviewer gave. `POST /ratings/N` changes them, until the process ends.

python -m lateen.samples.bookinfo.ratings --port 9080
"""

from __future__ import annotations

import argparse
import json

from lateen.samples.bookinfo.peers import PORT, product_of
from lateen.samples.http_server import Request, Response, add_address, json_response, serve

STARS = {"Reviewer1": 5, "Reviewer2": 4}


def main() -> None:
    """Run the service until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_address(parser, PORT)
    options = parser.parse_args()
    given: dict[int, object] = {}

    def answer(request: Request) -> Response:
        if request.path == "/health":
            return json_response({"status": "Ratings is healthy"})
        if not request.path.startswith("/ratings"):
            return json_response({"error": "not found"}, 404)
        product = product_of(request.path, "ratings")
        if product is None:
            return json_response({"error": "please provide numeric product ID"}, 400)
        if request.method == "POST":
            try:
                ratings = json.loads(request.body)
            except ValueError:
                return json_response({"error": "please provide valid ratings JSON"}, 400)
            given[product] = ratings
        return json_response({"id": product, "ratings": given.get(product, STARS)})

    serve(answer, options)


if __name__ == "__main__":
    main()
