# SPDX-License-Identifier: Apache-2.0
"""What a row expects of its answers (Istio's `check` package)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conformance.echo.client import Reply
from tests.conformance.echo.template import UnknownError

HTTP_NAMES = {"HTTP/1.1": "1.1", "HTTP/2.0": "2"}


def problem(check: Sequence[Any], replies: Sequence[Reply], hostname: str) -> str | None:
    """What speaks against the check; None if nothing does. `hostname` is the one that was called."""
    name, *arguments = check
    if name == "custom (Go closure)":
        # The only one among the rows: consistent hashing, all calls end at the same place.
        places = {reply.server for reply in replies}
        return None if len(places) == 1 else f"calls ended at {sorted(places)}"
    return next((wrong for reply in replies if (wrong := _problem(name, arguments, reply, hostname))), None)


def _problem(name: str, arguments: list[Any], reply: Reply, hostname: str) -> str | None:
    seen = {key.lower(): value for key, value in reply.seen.get("headers", {}).items()}
    match name, arguments:
        case "OK", []:
            return _differs("status", reply.status, 200)
        case "Status", [status]:
            return _differs("status", reply.status, status)
        case "Error", []:
            return f"status {reply.status} in place of an error" if reply.status == 200 else None
        case "Host", [host]:
            return _differs("host", seen.get(":authority", seen.get("host")), host)
        case "URL", [url]:
            return _differs("path", reply.seen.get("path"), url)
        case "Protocol", [protocol]:
            return _differs("protocol", reply.seen.get("http"), HTTP_NAMES.get(protocol, protocol))
        case "RequestHeader", [header, value]:
            return _differs(f"request header {header}", seen.get(header.lower(), ""), value)
        case "ResponseHeader", [header, value]:
            return _differs(f"response header {header}", reply.headers.get(header.lower(), ""), value)
        case "ResponseHeaders", [wanted]:
            found = (_differs(k, reply.headers.get(k.lower(), ""), v) for k, v in wanted.items())
            return next((wrong for wrong in found if wrong), None)
        case "LocationHeader", [location]:
            wanted_location = location.replace("{{.Hostname}}", hostname)
            return _differs("location", reply.headers.get("location"), wanted_location)
        case "MTLSForHTTP", []:
            return None if "x-forwarded-client-cert" in seen else "no mutual TLS"
    raise UnknownError(f"check {name}")


def _differs(what: str, got: Any, wanted: Any) -> str | None:
    return None if got == wanted else f"{what} is {got!r}, expected {wanted!r}"
