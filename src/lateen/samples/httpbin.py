# SPDX-License-Identifier: Apache-2.0
"""httpbin: says what it was asked, and answers as it is told to. The part of it that Istio's tasks use.

python -m lateen.samples.httpbin --port 8080

`--lists` gives headers, query and form values as lists, as go-httpbin does; the older httpbin gives single values.
"""

from __future__ import annotations

import argparse
import base64
import email.policy
import json
import os
import random
import time
import uuid
from collections.abc import Callable, Iterable
from email.parser import BytesParser
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lateen.samples.http_server import Request, Response, add_address, serve

LONGEST_DELAY = 10.0
"""Seconds."""
MOST_BYTES = 100 * 1024
MOST_LINES = 100

TEAPOT = r"""
    -=[ teapot ]=-

        ~ ~ ~
       .-----.
      (  ___  )__
   \ |       |  )
    \|       |_/
      '-------'
"""
PAGE = """<!DOCTYPE html>
<html><head><title>httpbin</title></head>
<body><h1>A page</h1><p>So that there is some HTML to fetch.</p></body></html>
"""
EXAMPLE = {"slideshow": {"title": "A slide show", "slides": [{"title": "First"}, {"title": "Second"}]}}
ANY_BODY = ("POST", "PUT", "PATCH", "DELETE")

Pairs = Iterable[tuple[str, str]]


class Httpbin:
    """The application. `lists` is the form in which names with values are shown."""

    def __init__(self, *, lists: bool) -> None:
        self._lists = lists
        self._routes: dict[str, Callable[[Request, str], Response]] = {
            "": lambda request, rest: Response(PAGE),
            "anything": lambda request, rest: _json(self._seen(request, whole=True)),
            "base64": self._base64,
            "basic-auth": self._basic_auth,
            "bearer": self._bearer,
            "bytes": self._bytes,
            "cookies": self._cookies,
            "delay": self._delay,
            "headers": lambda request, rest: _json({"headers": self._headers(request)}),
            "health": lambda request, rest: Response("OK", content_type="text/plain"),
            "html": lambda request, rest: Response(PAGE),
            "ip": lambda request, rest: _json({"origin": _origin(request)}),
            "json": lambda request, rest: _json(EXAMPLE),
            "redirect": self._redirect,
            "redirect-to": self._redirect_to,
            "response-headers": self._response_headers,
            "status": self._status,
            "stream": self._stream,
            "user-agent": lambda request, rest: _json({"user-agent": request.headers.get("user-agent", "")}),
            "uuid": lambda request, rest: _json({"uuid": str(uuid.uuid4())}),
        }
        self._routes["absolute-redirect"] = self._routes["relative-redirect"] = self._redirect

    def answer(self, request: Request) -> Response:
        """The answer to any request."""
        folder, _, rest = request.path.partition("?")[0].removeprefix("/").partition("/")
        route = self._routes.get(folder)
        if route is not None:
            return route(request, rest)
        if folder in ("get", "post", "put", "patch", "delete") and not rest:
            if request.method.lower() not in (folder, "head" if folder == "get" else folder):
                return Response("method not allowed\n", 405, "text/plain", (("allow", folder.upper()),))
            return _json(self._seen(request))
        return Response("not found\n", 404, "text/plain")

    def _named(self, pairs: Pairs) -> dict[str, Any]:
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        if self._lists:
            return dict(sorted(found.items()))
        return {name: values[0] if len(values) == 1 else values for name, values in sorted(found.items())}

    def _headers(self, request: Request) -> dict[str, Any]:
        # As net/http and Werkzeug write the names, which is how the documentation shows them.
        pairs = [("-".join(w.capitalize() for w in k.split("-")), v) for k, v in request.headers.items()]
        if self._lists:
            return self._named(pairs)
        joined: dict[str, str] = {}
        for name, value in pairs:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        return dict(sorted(joined.items()))

    def _seen(self, request: Request, *, whole: bool = False) -> dict[str, Any]:
        query = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        seen: dict[str, Any] = {
            "args": self._named(query),
            "headers": self._headers(request),
            "origin": _origin(request),
            "url": _base(request) + request.path,
        }
        if whole or self._lists:
            seen["method"] = request.method
        if whole or request.method in ANY_BODY:
            form, files = _form(request)
            text = request.body.decode(errors="replace")
            seen |= {"data": "" if form or files else text, "form": self._named(form), "files": self._named(files)}
            try:
                seen["json"] = json.loads(text)
            except ValueError:
                seen["json"] = None
        return dict(sorted(seen.items()))

    def _status(self, request: Request, rest: str) -> Response:
        """`/status/503`, or `/status/200:0.9,500:0.1` for one of several by weight."""
        codes, weights = [], []
        try:
            for choice in rest.split(","):
                code, _, weight = choice.partition(":")
                codes.append(int(code))
                weights.append(float(weight or 1))
            code_given = random.choices(codes, weights)[0]
        except (ValueError, OverflowError):
            return Response("Invalid status code\n", 400, "text/plain")
        if not 200 <= code_given <= 599:
            return Response("Invalid status code\n", 400, "text/plain")
        if code_given == 418:
            return Response("I'm a teapot!" if self._lists else TEAPOT, 418, "text/plain")
        extra = {
            401: (("www-authenticate", 'Basic realm="Fake Realm"'),),
            **dict.fromkeys((301, 302, 303, 307, 308), (("location", "/redirect/1"),)),
        }
        return Response("", code_given, "text/plain", extra.get(code_given, ()))

    def _delay(self, request: Request, rest: str) -> Response:
        try:
            seconds = float(rest.removesuffix("s"))
        except ValueError:
            return Response("Invalid duration\n", 400, "text/plain")
        if not seconds >= 0:
            return Response("Invalid duration\n", 400, "text/plain")
        time.sleep(min(seconds, LONGEST_DELAY))
        return _json(self._seen(request))

    def _redirect(self, request: Request, rest: str) -> Response:
        if not rest.isdecimal() or not 1 <= int(rest[:4]) <= MOST_LINES:
            return Response("Invalid redirect count\n", 400, "text/plain")
        kind = request.path.removeprefix("/").partition("/")[0]
        left = int(rest) - 1
        target = f"/{kind}/{left}" if left else "/get"
        base = _base(request) if kind == "absolute-redirect" else ""
        return Response("", 302, headers=(("location", base + target),))

    def _redirect_to(self, request: Request, rest: str) -> Response:
        query = dict(parse_qsl(urlsplit(request.path).query))
        url, status = query.get("url", ""), query.get("status_code", "302")
        if not url or not status.isdecimal() or not 300 <= int(status[:4]) < 400 or not _one_line(url):
            return Response("needs url, and a status_code from 300 to 399\n", 400, "text/plain")
        return Response("", int(status), headers=(("location", url),))

    def _response_headers(self, request: Request, rest: str) -> Response:
        given = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        if not all(_one_line(name + value) and name.isascii() and name.strip() for name, value in given):
            return Response("Invalid header\n", 400, "text/plain")
        type_given = next((value for name, value in given if name.lower() == "content-type"), None)
        body = _json(self._named(given))
        headers = tuple(pair for pair in given if pair[0].lower() not in ("content-type", "content-length"))
        return Response(body.body, 200, type_given or body.content_type, headers)

    def _cookies(self, request: Request, rest: str) -> Response:
        given = parse_qsl(urlsplit(request.path).query, keep_blank_values=True)
        if rest in ("set", "delete"):
            if not all(_one_line(name + value) for name, value in given):
                return Response("Invalid cookie\n", 400, "text/plain")
            end = "" if rest == "set" else "; Max-Age=0"
            cookies = tuple(("set-cookie", f"{name}={value}; Path=/{end}") for name, value in given)
            return Response("", 302, headers=(("location", "/cookies"), *cookies))
        try:
            cookies_seen = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return Response("Invalid cookie\n", 400, "text/plain")
        seen = {name: each.value for name, each in cookies_seen.items()}
        return _json(seen if self._lists else {"cookies": seen})

    def _basic_auth(self, request: Request, rest: str) -> Response:
        user, _, password = rest.partition("/")
        given = request.headers.get("authorization", "")
        wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
        if given != f"Basic {wanted}":
            return _json({"authenticated": False, "authorized": False, "user": ""}, 401)._replace(
                headers=(("www-authenticate", 'Basic realm="Fake Realm"'),)
            )
        return _json({"authenticated": True, "authorized": True, "user": user})

    def _bearer(self, request: Request, rest: str) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return Response("", 401, "text/plain", (("www-authenticate", "Bearer"),))
        return _json({"authenticated": True, "token": token})

    def _base64(self, request: Request, rest: str) -> Response:
        try:
            return Response(
                base64.b64decode(rest + "=" * (-len(rest) % 4), b"-_", validate=True), content_type="text/plain"
            )
        except ValueError:
            return Response("Invalid input\n", 400, "text/plain")

    def _bytes(self, request: Request, rest: str) -> Response:
        if not rest.isdecimal():
            return Response("Invalid byte count\n", 400, "text/plain")
        return Response(os.urandom(min(int(rest[:9]), MOST_BYTES)), content_type="application/octet-stream")

    def _stream(self, request: Request, rest: str) -> Response:
        if not rest.isdecimal():
            return Response("Invalid count\n", 400, "text/plain")
        seen = self._seen(request)
        lines = (json.dumps({"id": number, **seen}) for number in range(min(int(rest[:4]), MOST_LINES)))
        return Response("".join(f"{line}\n" for line in lines), content_type="application/json")


def _json(value: object, status: int = 200) -> Response:
    # A line for each value: the documentation's commands look for them with grep.
    return Response(json.dumps(value, indent=2) + "\n", status, "application/json; charset=utf-8")


def _origin(request: Request) -> str:
    return str(request.headers.get("x-forwarded-for") or request.peer)


def _base(request: Request) -> str:
    scheme = request.headers.get("x-forwarded-proto", "http")
    return f"{scheme}://{request.headers.get('host', '')}"


def _one_line(text: str) -> bool:
    return text.isprintable() and text.isascii()


def _form(request: Request) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Fields and files of a form; none if the body is not one."""
    kind = request.headers.get_content_type()
    if kind == "application/x-www-form-urlencoded" and "content-type" in request.headers:
        return parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True), []
    if kind != "multipart/form-data":
        return [], []
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, str]] = []
    for part in BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body).iter_parts():
        content = part.get_payload(decode=True)
        text = content.decode(errors="replace") if isinstance(content, bytes) else ""
        name = str(part.get_param("name", "", "content-disposition"))
        (files if part.get_filename() else fields).append((name, text))
    return fields, files


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", action="store_true")
    add_address(parser, 8080)
    options = parser.parse_args()
    serve(Httpbin(lists=options.lists).answer, options)


if __name__ == "__main__":
    main()
