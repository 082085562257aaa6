# SPDX-License-Identifier: Apache-2.0
"""Product page of Bookinfo: the page at /productpage, of what the details and reviews services say, and a small API.

Whoever signs in (any password will do) is the `end-user` of all requests that the page makes.

python -m lateen.samples.bookinfo.productpage --port 9080
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, unquote

import httpx

from lateen.samples.bookinfo.page import STYLE, TITLE, front_page, product_page
from lateen.samples.bookinfo.peers import PORT, address
from lateen.samples.forwarded import forwarded
from lateen.samples.http_client import inside
from lateen.samples.http_server import Request, Response, add_address, json_response, serve

PATIENCE = 3.0
"""Seconds to wait for each service."""
ATTEMPTS = {"reviews": 2}
"""How often a service is asked before the page does without; the task on fault injection counts on it."""
COOKIE = "user"
PRODUCTS = "/api/v1/products"

Answer: TypeAlias = "tuple[int, Mapping[str, Any]]"
"""Status, and the JSON that came with it or an object with `error`."""


class Services:
    """The services behind the page."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.addresses = {name: address(name, environment) for name in ("details", "reviews", "ratings")}
        self._client = inside(PATIENCE)

    def ask(self, service: str, product: str, headers: Mapping[str, str]) -> Answer:
        """What `service` says about a product. Its failure is an answer as well."""
        status = 500
        for _ in range(ATTEMPTS.get(service, 1)):
            try:
                reply = self._client.get(f"{self.addresses[service]}/{service}/{product}", headers=dict(headers))
                found = reply.json() if reply.status_code == 200 else None
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                print(f"{service}: {error or type(error).__name__}", flush=True)
                status = 500
                continue
            if isinstance(found, dict):
                return 200, found
            status = reply.status_code if reply.status_code != 200 else 500
        return status, {"error": f"Sorry, product {service} are currently unavailable for this book."}


def user_of(headers: Message) -> str:
    """Who has signed in, or the empty text."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return unquote(cookies[COOKIE].value) if COOKIE in cookies else ""


def passed_on(headers: Message) -> dict[str, str]:
    """The headers of a request that the page makes for one that it got."""
    user = user_of(headers)
    # As a header it must be ASCII without line breaks; only odd names change by that.
    return forwarded(headers) | ({"end-user": quote(user, safe=" !#$&'()*+,/:;=?@[]")} if user else {})


def _login(request: Request) -> Response:
    try:
        user = parse_qs(request.body.decode()).get("username", [""])[0]
    except ValueError:
        return Response("the form is not in UTF-8\n", 400, "text/plain")
    return _to_page(f"{COOKIE}={quote(user)}; Path=/; HttpOnly; SameSite=Lax")


def _to_page(cookie: str) -> Response:
    return Response("", 302, headers=(("location", "/productpage"), ("set-cookie", cookie)))


def application(services: Services) -> Callable[[Request], Response]:
    """The site."""

    def page(request: Request) -> Response:
        headers = passed_on(request.headers)
        details, reviews = services.ask("details", "0", headers), services.ask("reviews", "0", headers)
        return Response(product_page(details, reviews, user_of(request.headers)))

    def api(request: Request, path: str) -> Response:
        product, _, part = path.removeprefix(PRODUCTS).strip("/").partition("/")
        if not product:
            return json_response([{"id": 0, "title": TITLE}])
        if not (product.isascii() and product.isdecimal()) or part not in ("", "reviews", "ratings"):
            return json_response({"error": "not found"}, 404)
        status, found = services.ask(part or "details", product, passed_on(request.headers))
        return json_response(found, status)

    def answer(request: Request) -> Response:
        path = request.path.partition("?")[0]
        match path:
            case "/productpage":
                return page(request)
            case "/" | "/index.html":
                return Response(front_page(services.addresses))
            case "/health":
                return Response("Product page is healthy", content_type="text/plain")
            case "/login" if request.method == "POST":
                return _login(request)
            case "/logout":
                return _to_page(f"{COOKIE}=; Path=/; Max-Age=0")
            case "/static/bookinfo.css":
                return Response(STYLE, content_type="text/css")
        if path == PRODUCTS or path.startswith(PRODUCTS + "/"):
            return api(request, path)
        return Response("not found\n", 404, "text/plain")

    return answer


def main() -> None:
    """Run the page until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_address(parser, PORT)
    options = parser.parse_args()
    serve(application(Services(os.environ)), options)


if __name__ == "__main__":
    main()
