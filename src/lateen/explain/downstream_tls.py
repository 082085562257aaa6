# SPDX-License-Identifier: Apache-2.0
"""The filter chain's transport socket: does it take what the client sends."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.any_message import unpack
from lateen.explain.decision import DownstreamTls, Failure, Problem
from lateen.explain.request import ClientTls

_TLS = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_RAW = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
_ACCEPT_UNTRUSTED = 1


def accept(chain: Message, tls: ClientTls | None) -> tuple[DownstreamTls, Failure | None]:
    """What the chain's transport socket asks of the client, and the failure if the client does not comply."""
    if not chain.HasField("transport_socket"):
        return DownstreamTls("raw_buffer", False), None
    name, context = unpack(chain.transport_socket.typed_config)
    if name == _RAW:
        return DownstreamTls(chain.transport_socket.name, False), None
    if name != _TLS or context is None:
        failure = Failure(Problem.NOT_UNDERSTOOD, f"transport socket {chain.transport_socket.name} ({name})")
        return DownstreamTls(chain.transport_socket.name, False), failure
    common = context.common_tls_context
    checks = common.WhichOneof("validation_context_type") is not None
    asks = checks or context.require_client_certificate.value
    presented = asks and tls is not None and tls.certificate
    decision = DownstreamTls(
        chain.transport_socket.name,
        True,
        requires_client_certificate=context.require_client_certificate.value,
        certificates=_certificates(common),
        alpn=_negotiated(common, tls),
        certificate_presented=presented,
        certificate_validated=presented and checks and tls is not None and tls.certificate_valid,
    )
    if tls is None:
        return decision, Failure(Problem.TLS_EXPECTED, "the filter chain expects TLS and the client sends none")
    if decision.requires_client_certificate and not tls.certificate:
        return decision, Failure(Problem.CLIENT_CERTIFICATE, "a client certificate is required and none is presented")
    if presented and not tls.certificate_valid and _insists(common):
        return decision, Failure(Problem.CLIENT_CERTIFICATE, "the client certificate is not accepted")
    return decision, None


def _certificates(common: Message) -> tuple[str, ...]:
    secrets = [s.name for s in common.tls_certificate_sds_secret_configs]
    return tuple(secrets or [c.certificate_chain.filename or "inline" for c in common.tls_certificates])


def _negotiated(common: Message, tls: ClientTls | None) -> str:
    """The server's preference decides."""
    offered = tls.alpn if tls is not None else ()
    return next((p for p in common.alpn_protocols if p in offered), "")


def _insists(common: Message) -> bool:
    """Whether a certificate that does not validate ends the connection."""
    kind = common.WhichOneof("validation_context_type")
    if kind is None:
        return False
    context = common.combined_validation_context.default_validation_context
    if kind == "validation_context":
        context = common.validation_context
    return bool(context.trust_chain_verification != _ACCEPT_UNTRUSTED)
