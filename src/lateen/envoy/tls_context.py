# SPDX-License-Identifier: Apache-2.0
"""TLS contexts and the transport sockets around them: what both sides share, and the client's side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any as Message

from envoy.config.core.v3.proxy_protocol_pb2 import ProxyProtocolConfig
from envoy.extensions.transport_sockets.proxy_protocol.v3.upstream_proxy_protocol_pb2 import (
    ProxyProtocolUpstreamTransport,
)
from envoy.extensions.transport_sockets.raw_buffer.v3.raw_buffer_pb2 import RawBuffer
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, TlsParameters
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import CommonTlsContext, UpstreamTlsContext
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from lateen.envoy.extension import transport_socket
from lateen.envoy.sds import MESH_ROOT, WORKLOAD_CERTIFICATE, sds_secret

TLS = "envoy.transport_sockets.tls"
RAW_BUFFER = "envoy.transport_sockets.raw_buffer"
PROXY_PROTOCOL = "envoy.transport_sockets.upstream_proxy_protocol"


def common_context(
    *,
    certificates: Iterable[str] = (),
    root: str = "",
    subject_alt_names: Iterable[str] = (),
    crl: str = "",
    alpn: Iterable[str] = (),
    parameters: TlsParameters | None = None,
) -> CommonTlsContext:
    """A TLS context whose secrets come by SDS. `certificates` and `root` name secrets; without a `root` the peer is not
    verified. The peer's certificate must carry one of `subject_alt_names`; `crl` is a file."""
    context = CommonTlsContext(alpn_protocols=alpn)
    context.tls_certificate_sds_secret_configs.extend(sds_secret(name) for name in certificates)
    if root:
        combined = context.combined_validation_context
        validation = combined.default_validation_context
        validation.SetInParent()
        validation.match_subject_alt_names.extend(StringMatcher(exact=name) for name in subject_alt_names)
        if crl:
            validation.crl.filename = crl
        combined.validation_context_sds_secret_config.CopyFrom(sds_secret(root))
    else:
        context.validation_context.CopyFrom(CertificateValidationContext())
    if parameters is not None:
        context.tls_params.CopyFrom(parameters)
    return context


def client_parameters(ciphers: Iterable[str] = (), curves: Iterable[str] = ()) -> TlsParameters:
    """TLS 1.2 and 1.3, for a client. Envoy's own default stops at 1.2."""
    return TlsParameters(
        tls_minimum_protocol_version=TlsParameters.TLSv1_2,
        tls_maximum_protocol_version=TlsParameters.TLSv1_3,
        cipher_suites=ciphers,
        ecdh_curves=curves,
    )


def mesh_client_context(server_name: str, identities: Iterable[str], alpn: Iterable[str]) -> UpstreamTlsContext:
    """The mesh's own mutual TLS, towards a server with one of the SPIFFE `identities` (any of the mesh when empty)."""
    common = common_context(
        certificates=(WORKLOAD_CERTIFICATE,),
        root=MESH_ROOT,
        subject_alt_names=identities,
        alpn=alpn,
        parameters=client_parameters(),
    )
    return UpstreamTlsContext(common_tls_context=common, sni=server_name)


def tls_socket(context: UpstreamTlsContext) -> Message:
    """TLS as a cluster's transport socket."""
    return transport_socket(TLS, context)


def plain_socket() -> Message:
    """Plain text as a transport socket."""
    return transport_socket(RAW_BUFFER, RawBuffer())


def with_proxy_protocol(inner: Message, version: int) -> Message:
    """`inner` with the client's address ahead of the connection, in `version` 1 or 2 of the PROXY protocol."""
    config = ProxyProtocolUpstreamTransport(
        config=ProxyProtocolConfig(version=ProxyProtocolConfig.V2 if version == 2 else ProxyProtocolConfig.V1),
        transport_socket=inner,
    )
    return transport_socket(PROXY_PROTOCOL, config)
