# SPDX-License-Identifier: Apache-2.0
"""The server's side of the mesh's mutual TLS, as the mesh wants it."""

from __future__ import annotations

from typing import Any as Message

from lateen.compile.mesh import mesh
from lateen.envoy.downstream_tls import mesh_server_context, server_socket
from lateen.incremental.engine import Engine, query
from lateen.model.networking.server_tls import TLSProtocol


@query
def trust_domains(db: Engine) -> tuple[str, ...]:
    """The trust domains whose identities are let in: the mesh's own and its aliases."""
    config = mesh(db)
    return tuple(dict.fromkeys((config.trust_domain, *config.trust_domain_aliases)))


def mutual_tls_socket(db: Engine) -> Message:
    """The transport socket of chains that end the mesh's mutual TLS (MeshConfig meshMTLS)."""
    limits = mesh(db).mesh_mtls
    newest_only = limits is not None and limits.min_protocol_version is TLSProtocol.TLSV1_3
    context = mesh_server_context(
        trust_domains=trust_domains(db),
        ciphers=limits.cipher_suites if limits is not None else (),
        minimum_version="TLSv1_3" if newest_only else "TLSv1_2",
    )
    return server_socket(context)
