# SPDX-License-Identifier: Apache-2.0
"""The server's side of TLS: the mesh's own mutual TLS, and what a Gateway's or Sidecar's `tls` asks for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

import msgspec
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2

from lateen.envoy.extension import transport_socket
from lateen.envoy.sds import MESH_ROOT, WORKLOAD_CERTIFICATE, sds_secret
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


class ServerTls(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway's server asks of TLS. Empty fields leave Envoy's defaults."""

    certificates: tuple[str, ...]
    """Names of secrets."""
    root: str = ""
    """Name of the secret with the authorities that clients are verified against; empty: clients are not verified."""
    subject_alt_names: tuple[str, ...] = ()
    """Names of which a client's certificate must carry one."""
    certificate_keys: tuple[str, ...] = ()
    """Hashes of accepted keys (SPKI)."""
    certificate_hashes: tuple[str, ...] = ()
    """Hashes of accepted certificates."""
    crl: str = ""
    """A file with revoked certificates."""
    require_client_certificate: bool = False
    accept_untrusted: bool = False
    """Whether a client's certificate may come from anybody."""
    minimum_version: str = ""
    maximum_version: str = ""
    ciphers: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()


def server_context(wanted: ServerTls) -> Message:
    """TLS that ends at a gateway's server."""
    context = tls_pb2.DownstreamTlsContext(require_client_certificate={"value": wanted.require_client_certificate})
    common = context.common_tls_context
    common.alpn_protocols.extend(ALPN)
    common.tls_certificate_sds_secret_configs.extend(sds_secret(name) for name in wanted.certificates)
    validation = common_pb2.CertificateValidationContext(
        match_subject_alt_names=[string_pb2.StringMatcher(exact=name) for name in wanted.subject_alt_names],
        verify_certificate_spki=wanted.certificate_keys,
        verify_certificate_hash=wanted.certificate_hashes,
    )
    if wanted.crl:
        validation.crl.filename = wanted.crl
    if wanted.accept_untrusted:
        validation.trust_chain_verification = common_pb2.CertificateValidationContext.ACCEPT_UNTRUSTED
    if wanted.root:
        common.combined_validation_context.default_validation_context.CopyFrom(validation)
        common.combined_validation_context.validation_context_sds_secret_config.CopyFrom(sds_secret(wanted.root))
    elif validation.ByteSize():
        common.validation_context.CopyFrom(validation)
    parameters = common_pb2.TlsParameters(
        tls_minimum_protocol_version=wanted.minimum_version or "TLS_AUTO",
        tls_maximum_protocol_version=wanted.maximum_version or "TLS_AUTO",
        cipher_suites=wanted.ciphers,
        ecdh_curves=wanted.curves,
    )
    if parameters.ByteSize():
        common.tls_params.CopyFrom(parameters)
    return context


def server_socket(context: Message) -> Message:
    """TLS as a filter chain's transport socket."""
    return transport_socket(TLS, context)
