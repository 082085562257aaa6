# SPDX-License-Identifier: Apache-2.0
"""Protocol upgrades (WebSocket, CONNECT): refused unless the connection manager or the route allows them."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.decision import Failure, Problem
from lateen.explain.http_view import HttpView


def refused_upgrade(manager: Message, route: Message, view: HttpView) -> Failure | None:
    """The failure if the request asks for an upgrade that is not allowed."""
    wanted = _wanted(view)
    if not wanted:
        return None
    for configs in (route.route.upgrade_configs, manager.upgrade_configs):
        for config in configs:
            if config.upgrade_type.lower() == wanted:
                allowed = config.enabled.value if config.HasField("enabled") else True
                return None if allowed else _failure(wanted)
    return _failure(wanted)


def _wanted(view: HttpView) -> str:
    if view.method == "CONNECT":
        return (view.header(":protocol") or "connect").lower()
    connection = view.header("connection") or ""
    asks = any(token.strip().lower() == "upgrade" for token in connection.split(","))
    wanted = (view.header("upgrade") or "").lower() if asks else ""
    # An upgrade to HTTP/2 is ignored, not refused.
    return "" if wanted == "h2c" else wanted


def _failure(wanted: str) -> Failure:
    return Failure(Problem.BAD_REQUEST, f"upgrade to {wanted} is not allowed", 403)
