# SPDX-License-Identifier: Apache-2.0
"""The server's side of TLS: the mesh's own mutual TLS, and what a Gateway's or Sidecar's `tls` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2

from lateen.envoy.extension import transport_socket
from lateen.envoy.sds import MESH_ROOT, WORKLOAD_CERTIFICATE
from lateen.envoy.tls_context import TLS, common_context

MESH_CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
)
"""What the mesh accepts below TLS 1.3."""

ALPN = ("h2", "http/1.1")
"""What a server agrees to. Istio's `istio-peer-exchange` is not among it: whoever agrees to that sends metadata of the
client's proxy ahead of the first byte, which only Istio's build of Envoy takes out again."""


def mesh_server_context(
    *,
    trust_domains: Iterable[str],
    ciphers: Iterable[str] = (),
    curves: Iterable[str] = (),
    minimum_version: str = "TLSv1_2",
) -> Message:
    """Mutual TLS of the mesh: the client must be an identity of one of `trust_domains`.

    Empty `ciphers` and `curves` mean the mesh's and Envoy's own; `minimum_version` is a name of Envoy's TlsProtocol.
    """
    common = common_context(
        certificates=(WORKLOAD_CERTIFICATE,),
        root=MESH_ROOT,
        alpn=ALPN,
        parameters=common_pb2.TlsParameters(
            tls_minimum_protocol_version=minimum_version,
            tls_maximum_protocol_version="TLSv1_3",
            cipher_suites=tuple(ciphers) or MESH_CIPHERS,
            ecdh_curves=curves,
        ),
    )
    validation = common.combined_validation_context.default_validation_context
    validation.match_subject_alt_names.extend(
        string_pb2.StringMatcher(prefix=f"spiffe://{domain}/") for domain in trust_domains
    )
    return tls_pb2.DownstreamTlsContext(common_tls_context=common, require_client_certificate={"value": True})


def server_socket(context: Message) -> Message:
    """TLS as a filter chain's transport socket."""
    return transport_socket(TLS, context)
