# SPDX-License-Identifier: Apache-2.0
"""TLS towards a gateway's clients, as a server's `tls` asks for it."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.mesh import mesh
from lateen.envoy.downstream_tls import ServerTls, server_context, server_socket
from lateen.envoy.sds import (
    MESH_ROOT,
    WORKLOAD_CERTIFICATE,
    credential,
    credential_root,
    file_certificate,
    file_root,
)
from lateen.incremental.engine import Engine
from lateen.model.networking.cipher_suite import CIPHER_SUITES
from lateen.model.networking.server_tls import ServerTLSMode, ServerTLSSettings, TLSProtocol

VERIFYING = (ServerTLSMode.MUTUAL, ServerTLSMode.OPTIONAL_MUTUAL)


def server_tls_socket(db: Engine, tls: ServerTLSSettings) -> Message:
    """The transport socket of a chain that ends TLS."""
    if tls.mode is ServerTLSMode.ISTIO_MUTUAL:
        # Versions and ciphers are the mesh's affair here, and Istio applies none.
        return server_socket(
            server_context(
                ServerTls(
                    certificates=(WORKLOAD_CERTIFICATE,),
                    root=MESH_ROOT,
                    subject_alt_names=tls.subject_alt_names,
                    crl=tls.ca_crl,
                    require_client_certificate=True,
                )
            )
        )
    defaults = mesh(db).tls_defaults
    return server_socket(
        server_context(
            ServerTls(
                certificates=_certificates(tls),
                root=_root(tls),
                subject_alt_names=tls.subject_alt_names,
                certificate_keys=tls.verify_certificate_spki if _by_credential(tls) else (),
                certificate_hashes=tls.verify_certificate_hash if _by_credential(tls) else (),
                crl="" if _by_credential(tls) else tls.ca_crl,
                require_client_certificate=tls.mode is ServerTLSMode.MUTUAL,
                accept_untrusted=bool(tls.insecure_skip_verify) and tls.mode is ServerTLSMode.MUTUAL,
                minimum_version=_version(tls.min_protocol_version)
                or _version(defaults.min_protocol_version if defaults is not None else TLSProtocol.TLS_AUTO),
                maximum_version=_version(tls.max_protocol_version),
                ciphers=_ciphers(tls) or (defaults.cipher_suites if defaults is not None else ()),
                curves=tls.ecdh_curves or (defaults.ecdh_curves if defaults is not None else ()),
            )
        )
    )


def _by_credential(tls: ServerTLSSettings) -> bool:
    return bool(tls.credential_name or tls.credential_names)


def _certificates(tls: ServerTLSSettings) -> tuple[str, ...]:
    if _by_credential(tls):
        return tuple(credential(name) for name in tls.credential_names or (tls.credential_name,))
    if tls.tls_certificates:
        return tuple(file_certificate(c.server_certificate, c.private_key) for c in tls.tls_certificates)
    return (file_certificate(tls.server_certificate, tls.private_key),)


def _root(tls: ServerTLSSettings) -> str:
    """The authorities that clients' certificates are verified against; empty without verification."""
    if tls.mode not in VERIFYING:
        return ""
    if tls.ca_cert_credential_name:
        return credential_root(tls.ca_cert_credential_name)
    if _by_credential(tls):
        return credential_root((tls.credential_names or (tls.credential_name,))[0])
    return file_root(tls.ca_certificates) if tls.ca_certificates else ""


def _ciphers(tls: ServerTLSSettings) -> tuple[str, ...]:
    """The ciphers that Envoy knows, each once; it would refuse the listener for another."""
    return tuple(dict.fromkeys(name for name in tls.cipher_suites if name in CIPHER_SUITES))


def _version(said: TLSProtocol) -> str:
    """A name of Envoy's TlsProtocol, empty for its default."""
    return "" if said is TLSProtocol.TLS_AUTO else said.value.replace("TLSV", "TLSv")
