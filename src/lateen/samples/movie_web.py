# SPDX-License-Identifier: Apache-2.0
"""Movie Web: asks themoviedb.org for the films that are popular now and shows them. Needs THEMOVIEDB_API_KEY.

THEMOVIEDB_API_KEY=... python -m lateen.samples.movie_web --port 3000
"""

from __future__ import annotations

import argparse
import html
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from lateen.samples.http_client import outside
from lateen.samples.http_server import Request, Response, add_address, json_response, serve

POPULAR = "/3/movie/popular"
"""https://developer.themoviedb.org/reference/movie-popular-list"""
POSTERS = "https://image.tmdb.org/t/p/w200"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Popular movies</title></head>
<body>
<h1>Popular movies</h1>
{movies}
</body>
</html>
"""

MOVIE = """<article>
  <img src="{poster}" alt="" loading="lazy">
  <h2>{title}</h2>
  <p>{overview}</p>
</article>"""


def main() -> None:
    """Run the site until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api", default="https://api.themoviedb.org", help="where the films are asked for")
    add_address(parser, 3000)
    options = parser.parse_args()
    key = os.environ.get("THEMOVIEDB_API_KEY", "")
    client = outside(timeout=10)

    def answer(request: Request) -> Response:
        path = request.path.partition("?")[0]
        if path == "/health":
            return Response("ok", content_type="text/plain")
        if path != "/":
            return Response(f"Cannot {request.method} {path}\n", 404, "text/plain")
        try:
            reply = client.get(options.api + POPULAR, params={"api_key": key})
            reply.raise_for_status()
            movies = reply.json()["results"]
            return Response(PAGE.format(movies="\n".join(_movie(each) for each in movies)))
        except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
            # The key is part of the URL that errors quote.
            print(f"themoviedb: {type(error).__name__}", flush=True)
            return json_response({"error": f"Error accessing: {urlsplit(options.api).netloc}"}, 502)

    serve(answer, options)


def _movie(movie: Mapping[str, Any]) -> str:
    poster = movie.get("poster_path")
    return MOVIE.format(
        poster=html.escape(POSTERS + poster) if poster else "",
        title=html.escape(str(movie["title"])),
        overview=html.escape(str(movie.get("overview") or "")),
    )


if __name__ == "__main__":
    main()
