# SPDX-License-Identifier: Apache-2.0
"""How the chains of one inbound port tell connections apart: by what the workload accepts and what the port speaks."""

from __future__ import annotations

from typing import NamedTuple

from lateen.compile.services.service import Protocol
from lateen.envoy.alpn import DOWNSTREAM_ANY, DOWNSTREAM_BYTES, DOWNSTREAM_HTTP
from lateen.envoy.filter_chain import RAW_BUFFER, TLS
from lateen.model.security.peer_authentication import MutualTLSMode


class InboundMatch(NamedTuple):
    """One chain of a port."""

    http: bool
    """Whether it takes requests rather than bytes."""
    transport: str
    applications: tuple[str, ...] = ()
    terminates: bool = False
    """Whether the mesh's mutual TLS ends here."""


def inbound_matches(protocol: Protocol, mode: MutualTLSMode, plain_http: tuple[str, ...]) -> tuple[InboundMatch, ...]:
    """The chains of a port of that protocol; `plain_http` is what counts as plain HTTP where it is sniffed."""
    strict = mode is MutualTLSMode.STRICT
    permissive = mode is MutualTLSMode.PERMISSIVE
    if protocol.is_http:
        if strict:
            return (InboundMatch(True, TLS, terminates=True),)
        plain = InboundMatch(True, RAW_BUFFER)
        return (InboundMatch(True, TLS, DOWNSTREAM_ANY, True), plain) if permissive else (plain,)
    if not protocol.is_sniffed:
        if strict:
            return (InboundMatch(False, TLS, terminates=True),)
        plain = InboundMatch(False, RAW_BUFFER)
        if not permissive:
            return (plain,)
        # TLS of the application itself passes through unopened.
        return (InboundMatch(False, TLS, DOWNSTREAM_ANY, True), InboundMatch(False, TLS), plain)
    if strict:
        return (InboundMatch(True, TLS, DOWNSTREAM_HTTP, True), InboundMatch(False, TLS, terminates=True))
    plaintext = (InboundMatch(True, RAW_BUFFER, plain_http), InboundMatch(False, RAW_BUFFER))
    if not permissive:
        return plaintext
    return (
        InboundMatch(True, TLS, DOWNSTREAM_HTTP, True),
        InboundMatch(False, TLS, DOWNSTREAM_BYTES, True),
        *plaintext,
        InboundMatch(False, TLS),
    )
