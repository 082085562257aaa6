# SPDX-License-Identifier: Apache-2.0
"""The pages of Bookinfo as HTML. Pure."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

TITLE = "The Comedy of Errors"
SUMMARY = "Two pairs of identical twins, parted in a shipwreck, come to the same town on the same day."
MOST_STARS = 5

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simple Bookstore App</title>
<link rel="stylesheet" href="/static/bookinfo.css">
</head>
<body>
<header><a href="/productpage">BookInfo Sample</a>{sign_in}</header>
<main>
{content}
</main>
</body>
</html>
"""

STYLE = """body { font-family: sans-serif; margin: 0; color: #222 }
header { display: flex; justify-content: space-between; padding: .8rem 2rem; background: #223; color: #fff }
header a { color: inherit }
main { padding: 0 2rem }
.columns { display: flex; flex-wrap: wrap; gap: 3rem }
.error { color: #b00020 }
.stars { font-size: 1.5rem }
th { text-align: left; padding-right: 1.5rem }
"""

_SIGN_IN = """<form method="post" action="/login">
<input name="username" placeholder="Username" required> <input name="passwd" type="password" placeholder="Password">
<button>Sign in</button></form>"""


def product_page(details: tuple[int, Mapping[str, Any]], reviews: tuple[int, Mapping[str, Any]], user: str) -> str:
    """The page of the book. `details` and `reviews` are the status of each service's answer, and the answer."""
    content = "\n".join(
        (
            f"<h1>{TITLE}</h1>\n<p>{SUMMARY}</p>",
            '<div class="columns">',
            f"<section>\n{_details(*details)}\n</section>",
            f"<section>\n{_reviews(*reviews)}\n</section>",
            "</div>",
        )
    )
    return _PAGE.format(sign_in=_signed_in(user) if user else _SIGN_IN, content=content)


def front_page(services: Mapping[str, str]) -> str:
    """The page at /: what the services are and where they are."""
    rows = "\n".join(f"<tr><th>{html.escape(n)}</th><td>{html.escape(u)}</td></tr>" for n, u in services.items())
    content = f'<h1>Bookinfo</h1>\n<p><a href="/productpage">To the book</a></p>\n<table>\n{rows}\n</table>'
    return _PAGE.format(sign_in="", content=content)


def _signed_in(user: str) -> str:
    return f'<span class="user">{html.escape(user)} (<a href="/logout">sign out</a>)</span>'


def _failed(what: str, answer: Mapping[str, Any]) -> str:
    lines = [f'<h4 class="error">Error fetching product {what}!</h4>']
    if answer.get("error"):
        lines.append(f"<p>{html.escape(str(answer['error']))}</p>")
    return "\n".join(lines)


def _details(status: int, details: Mapping[str, Any]) -> str:
    if status != 200:
        return _failed("details", details)
    rows = {
        "Type": "type",
        "Pages": "pages",
        "Publisher": "publisher",
        "Language": "language",
        "ISBN-10": "ISBN-10",
        "ISBN-13": "ISBN-13",
    }
    cells = (f"<tr><th>{name}</th><td>{html.escape(str(details.get(key, '')))}</td></tr>" for name, key in rows.items())
    return "\n".join(("<h4>Book Details</h4>", "<table>", *cells, "</table>"))


def _reviews(status: int, reviews: Mapping[str, Any]) -> str:
    if status != 200:
        return _failed("reviews", reviews)
    lines = ["<h4>Book Reviews</h4>"]
    for review in reviews.get("reviews") or ():
        lines.append(f"<blockquote>\n<p>{html.escape(str(review.get('text', '')))}</p>")
        lines.append(f"<cite>{html.escape(str(review.get('reviewer', '')))}</cite>")
        if rating := review.get("rating"):
            lines.append(_rating(rating))
        lines.append("</blockquote>")
    lines.append(f"<p>Reviews served by: <code>{html.escape(str(reviews.get('podname')))}</code></p>")
    if reviews.get("clustername"):
        lines.append(f"<p>on cluster <code>{html.escape(str(reviews['clustername']))}</code></p>")
    return "\n".join(lines)


def _rating(rating: Mapping[str, Any]) -> str:
    stars = rating.get("stars")
    if not isinstance(stars, int):
        return f'<p class="error">{html.escape(str(rating.get("error", "")))}</p>'
    stars = min(max(stars, 0), MOST_STARS)
    color = html.escape(str(rating.get("color", "black")))
    return f'<p class="stars" data-color="{color}" style="color: {color}">{"★" * stars}{"☆" * (MOST_STARS - stars)}</p>'
