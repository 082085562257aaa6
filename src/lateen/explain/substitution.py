# SPDX-License-Identifier: Apache-2.0
"""Envoy's substitution formats (`%REQ(x-user)%`) as far as the request alone decides them."""

from __future__ import annotations

import re

from lateen.explain.http_view import HttpView

_COMMAND = re.compile(r"%(?:%|([A-Z_0-9]+)(?:\(([^)]*)\))?(?::(\d+))?%)")


def substituted(template: str, view: HttpView, route_name: str = "", missing: str = "") -> str | None:
    """`template` with its commands replaced; None if one of them asks for more than the request says.

    A header yields its first value as the client sent it, or `missing` if there is none.
    """
    known = True

    def value(match: re.Match[str]) -> str:
        nonlocal known
        command, argument, length = match.groups()
        if command is None:
            return "%"
        text = ""
        if command in ("REQ", "REQUEST_HEADER"):
            names = (argument or "").split("?")
            text = next((values[0] for values in map(view.values, names) if values), missing)
        elif command == "PROTOCOL":
            text = view.request.http.version if view.request.http is not None else ""
        elif command == "ROUTE_NAME":
            text = route_name
        elif command == "REQUESTED_SERVER_NAME":
            text = view.request.tls.server_name if view.request.tls is not None else missing
        else:
            known = False
        return text[: int(length)] if length else text

    result = _COMMAND.sub(value, template)
    return result if known else None
