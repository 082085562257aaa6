# SPDX-License-Identifier: Apache-2.0
"""Reviews of Bookinfo: v1 has no stars, v2 shows those of the ratings service in black, v3 in red.

python -m lateen.samples.bookinfo.reviews --version v2 --port 9080
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import httpx

from lateen.samples.bookinfo.peers import PORT, address, product_of
from lateen.samples.forwarded import forwarded
from lateen.samples.http_client import inside
from lateen.samples.http_server import Request, Response, add_address, json_response, serve

COLORS = {"v2": "black", "v3": "red"}
PATIENCE = {"black": 10.0}
"""Seconds to wait for ratings. That v2 waits longer than the page waits for it is what the task on fault injection
is about."""
LITTLE_PATIENCE = 2.5
UNAVAILABLE = "Ratings service is currently unavailable"

REVIEWS = {
    "Reviewer1": "Two pairs of twins, one town, no end of mix-ups. I laughed from the first beating to the last.",
    "Reviewer2": "Quick, noisy and good fun. Do not look for depth; he kept that for later.",
}
"""Reviewer -> what they wrote."""


def main() -> None:
    """Run the service until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", choices=("v1", "v2", "v3"), default="v1")
    add_address(parser, PORT)
    options = parser.parse_args()
    color = os.environ.get("STAR_COLOR") or COLORS.get(options.version, "black")
    rated = os.environ.get("ENABLE_RATINGS", str(options.version in COLORS)).lower() == "true"
    ratings = address("ratings", os.environ)
    client = inside(PATIENCE.get(color, LITTLE_PATIENCE))

    def stars(product: int, headers: dict[str, str]) -> dict[str, Any]:
        try:
            reply = client.get(f"{ratings}/ratings/{product}", headers=headers)
            reply.raise_for_status()
            found = reply.json()["ratings"]
            return {who: int(found[who]) for who in REVIEWS if who in found}
        except (httpx.HTTPError, httpx.InvalidURL, LookupError, TypeError, ValueError) as error:
            print(f"ratings: {error}", flush=True)
            return {}

    def answer(request: Request) -> Response:
        if request.path == "/health":
            return json_response({"status": "Reviews is healthy"})
        product = product_of(request.path, "reviews")
        if product is None:
            return json_response({"error": "not found"}, 404)
        reviews: list[dict[str, Any]] = [{"reviewer": who, "text": text} for who, text in REVIEWS.items()]
        if rated:
            found = stars(product, forwarded(request.headers, ("end-user",)))
            for review in reviews:
                who = review["reviewer"]
                review["rating"] = {"stars": found[who], "color": color} if who in found else {"error": UNAVAILABLE}
        return json_response(
            {
                "id": str(product),
                "podname": os.environ.get("HOSTNAME"),
                "clustername": os.environ.get("CLUSTER_NAME"),
                "reviews": reviews,
            }
        )

    serve(answer, options)


if __name__ == "__main__":
    main()
