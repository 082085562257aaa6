# SPDX-License-Identifier: Apache-2.0
"""Whether Envoy counts a request as internal: HttpConnectionManager.internal_address_config and X-Forwarded-For."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.address import Ip, contains, parse_ip, prefix
from lateen.explain.request import HttpRequest, Request


def is_internal(manager: Message, request: Request, http: HttpRequest) -> bool:
    """A request is internal if its one client address lies in a range that the configuration calls internal."""
    forwarded = [v.strip() for k, v in http.headers if k.lower() == "x-forwarded-for" for v in v.split(",")]
    client: Ip | None
    if manager.use_remote_address.value:
        if forwarded:
            return False
        client = parse_ip(request.source.ip)
    else:
        if len(forwarded) != 1:
            return False
        client = parse_ip(forwarded[0])
    ranges = (prefix(r) for r in manager.internal_address_config.cidr_ranges)
    return any(n is not None and contains(n, client) for n in ranges)
