# SPDX-License-Identifier: Apache-2.0
"""Movie Web."""

from __future__ import annotations

import httpx

from tests.samples.conftest import Online, Start

MOVIES = [
    {"title": "One & Two", "overview": "First.", "poster_path": "/one.jpg"},
    {"title": "Three", "overview": None, "poster_path": None},
]


def test_shows_titles_and_posters(start: Start, online: Online) -> None:
    api = online({"/3/movie/popular": (200, {"page": 1, "results": MOVIES})})
    web = start("movie_web", "--api", f"http://{api.address}", environment={"THEMOVIEDB_API_KEY": "secret"})
    text = httpx.get(f"http://{web}/").text
    assert "<h2>One &amp; Two</h2>" in text
    assert "https://image.tmdb.org/t/p/w200/one.jpg" in text
    assert "<h2>Three</h2>" in text
    assert [path for path, _ in api.asked] == ["/3/movie/popular?api_key=secret"]


def test_the_articles_error(start: Start, online: Online) -> None:
    for answer in ((401, {"status_message": "Invalid API key"}), (200, {}), (200, {"results": [3]})):
        api = online({"/3/movie/popular": answer})
        web = start("movie_web", "--api", f"http://{api.address}")
        reply = httpx.get(f"http://{web}/")
        assert (reply.status_code, reply.json()) == (502, {"error": f"Error accessing: {api.address}"})
