# SPDX-License-Identifier: Apache-2.0
"""One connection that a pod opens, and what it carries."""

from __future__ import annotations

from dataclasses import dataclass

from lateen.explain import Address, ClientTls, HttpRequest

BYTES = b"hello, is there anybody?\n"
"""What is sent when it is not HTTP: long enough for inspectors to see that it is nothing that they know."""
LOOPBACK = "127.0.0.1"
"""Connections to it are not redirected."""


@dataclass(frozen=True)
class Question:
    """`pod` connects to `address`, inside TLS if `tls`, and sends `http`, or BYTES."""

    pod: str
    address: Address
    http: HttpRequest | None = None
    tls: ClientTls | None = None
