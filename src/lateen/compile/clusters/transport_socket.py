# SPDX-License-Identifier: Apache-2.0
"""The decision about a cluster's TLS as its transport sockets."""

from __future__ import annotations

from typing import Any as Message

from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import UpstreamTlsContext

from lateen.compile.clusters.defaults import ClusterDefaults
from lateen.compile.clusters.upstream_tls import MeshTLS, Origination
from lateen.envoy.alpn import BYTES
from lateen.envoy.metadata import TLS_MODE
from lateen.envoy.sds import SYSTEM_ROOTS, credential, credential_root, file_certificate, file_root
from lateen.envoy.tls_context import (
    client_parameters,
    common_context,
    mesh_client_context,
    plain_socket,
    tls_socket,
    with_proxy_protocol,
)
from lateen.model.networking.client_tls import ClientTLSMode
from lateen.model.networking.traffic_policy import ProxyProtocol, ProxyProtocolVersion

HTTP2 = "h2"


def set_transport_socket(
    cluster: Message,
    tls: MeshTLS | Origination | None,
    defaults: ClusterDefaults,
    *,
    http2: bool,
    by_endpoint: bool,
    proxy_protocol: ProxyProtocol | None,
) -> None:
    """Set how bytes travel. Automatic mutual TLS is chosen for each endpoint by its metadata if `by_endpoint`."""
    version = 2 if proxy_protocol is not None and proxy_protocol.version is ProxyProtocolVersion.V2 else 1

    def wrap(socket: Message) -> Message:
        return socket if proxy_protocol is None else with_proxy_protocol(socket, version)

    match tls:
        case MeshTLS():
            names = (*BYTES, HTTP2) if http2 else BYTES
            socket = wrap(tls_socket(mesh_client_context(tls.server_name, tls.identities, names)))
            if tls.automatic and by_endpoint:
                mutual = cluster.transport_socket_matches.add(name="tlsMode-istio", transport_socket=socket)
                mutual.match.update({TLS_MODE: "istio"})
                plain = cluster.transport_socket_matches.add(
                    name="tlsMode-disabled", transport_socket=wrap(plain_socket())
                )
                plain.match.SetInParent()
            else:
                cluster.transport_socket.CopyFrom(socket)
        case Origination():
            cluster.transport_socket.CopyFrom(wrap(tls_socket(origination_context(tls, defaults, http2=http2))))
        case None:
            if proxy_protocol is not None:
                cluster.transport_socket.CopyFrom(wrap(plain_socket()))


def origination_context(tls: Origination, defaults: ClusterDefaults, *, http2: bool) -> UpstreamTlsContext:
    """TLS as a DestinationRule describes it: secrets by `credentialName`, or files in the proxy's file system."""
    said = tls.settings
    mutual = said.mode is ClientTLSMode.MUTUAL
    verified = not said.insecure_skip_verify
    if said.credential_name:
        certificates = [credential(said.credential_name)] if mutual else []
        root = credential_root(said.credential_name)
        crl = ""
    else:
        certificates = [file_certificate(said.client_certificate, said.private_key)] if mutual else []
        root = file_root(said.ca_certificates or SYSTEM_ROOTS)
        crl = said.ca_crl
    common = common_context(
        certificates=certificates,
        root=root if verified else "",
        subject_alt_names=tls.subject_alt_names,
        crl=crl,
        alpn=(HTTP2,) if http2 else (),
        parameters=client_parameters(defaults.ciphers, defaults.curves),
    )
    if said.credential_name and not verified:
        common.ClearField("validation_context")
    return UpstreamTlsContext(common_tls_context=common, sni=said.sni)
