# SPDX-License-Identifier: Apache-2.0
"""The question: one connection, and the HTTP request that it carries, as a proxy meets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from lateen.explain.address import Address

HTTP10, HTTP11, HTTP2 = "HTTP/1.0", "HTTP/1.1", "HTTP/2"


class ClientTls(Struct, frozen=True, kw_only=True):
    """What the client's TLS handshake says.

    `server_name` is the SNI, `alpn` the protocols it offers, best first. `certificate`: the client has one;
    `certificate_valid`: the proxy's trust store accepts it; `uris`, `dns_names` and `subject` are the names in it.
    """

    server_name: str = ""
    alpn: tuple[str, ...] = ()
    certificate: bool = False
    certificate_valid: bool = True
    uris: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()
    subject: str = ""


class ProxyProtocol(Struct, frozen=True):
    """The addresses in a PROXY protocol header that precedes everything else on the connection."""

    source: Address
    destination: Address


class HttpRequest(Struct, frozen=True, kw_only=True):
    """An HTTP request as the client sends it.

    `authority` is the Host header or :authority (None = the client sends none), `path` the request target with its
    query, `headers` (name, value) pairs in order, names in any case, a name may repeat. `scheme` is HTTP/2's :scheme
    or that of an absolute request target; empty = HTTP/2 says what the transport is, HTTP/1.1 says nothing.
    """

    version: str = HTTP11
    method: str = "GET"
    scheme: str = ""
    authority: str | None = None
    path: str = "/"
    headers: tuple[tuple[str, str], ...] = ()


class Request(Struct, frozen=True, kw_only=True):
    """One connection to a proxy.

    `destination`: where the client connected to. `redirected_to`: the local address at which a redirection (iptables,
    nftables) makes the proxy accept it; None = the client connected to the proxy itself. `http`: what it carries; None
    = bytes that are not HTTP. `speaks_first`: False for protocols in which the server sends first (MySQL, SMTP).

    `random` is the 64-bit number that Envoy draws for the request and takes fractions and weights from; None leaves
    those open: a fraction above zero counts as met, and of weighted clusters all are named and none is chosen.
    `runtime` overrides runtime keys. `metadata` (namespace to value) and `filter_state` are what earlier filters would
    have set.
    """

    destination: Address
    redirected_to: Address | None = None
    source: Address = Address("198.51.100.1", 40000)
    tls: ClientTls | None = None
    http: HttpRequest | None = None
    speaks_first: bool = True
    proxy_protocol: ProxyProtocol | None = None
    random: int | None = None
    runtime: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    filter_state: Mapping[str, str] = field(default_factory=dict)
