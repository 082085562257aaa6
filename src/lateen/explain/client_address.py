# SPDX-License-Identifier: Apache-2.0
"""The address that counts as the client's: the connection's, or one that X-Forwarded-For names."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.address import contains, parse_ip, prefix
from lateen.explain.request import HttpRequest, Request


def forwarded_for(http: HttpRequest) -> list[str]:
    """The addresses in X-Forwarded-For, first hop first."""
    return [v.strip() for k, v in http.headers if k.lower() == "x-forwarded-for" for v in v.split(",")]


def client_address(manager: Message, request: Request, http: HttpRequest) -> str:
    """The client's IP: `use_remote_address` and `xff_num_trusted_hops` say how far X-Forwarded-For is believed."""
    hops = manager.xff_num_trusted_hops
    addresses = forwarded_for(http)
    if manager.use_remote_address.value and not hops:
        return request.source.ip
    back = hops if manager.use_remote_address.value else hops + 1
    believed = addresses[-back] if len(addresses) >= back else ""
    return believed if parse_ip(believed) is not None else request.source.ip


def is_internal(manager: Message, request: Request, http: HttpRequest) -> bool:
    """Whether the request's one client address lies in a range that `internal_address_config` calls internal."""
    addresses = forwarded_for(http)
    if manager.use_remote_address.value:
        if addresses:
            return False
        client = parse_ip(request.source.ip)
    else:
        if len(addresses) != 1:
            return False
        client = parse_ip(addresses[0])
    ranges = (prefix(r) for r in manager.internal_address_config.cidr_ranges)
    return any(n is not None and contains(n, client) for n in ranges)
